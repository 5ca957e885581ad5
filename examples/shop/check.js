// Asks gateway's page for one trace, which it puts together from all three.
const json = async (url) => (await fetch(url)).json();

/** The last checkout as all three services saw it, and what is wrong with it, if anything is. */
export async function findOneTrace({ url }) {
  const { requests } = await json(`${url}/debug/requests.json?fam=POST+/checkout&b=0`);
  const { traceId } = requests[0];
  const { notes, spans } = await wholeTrace(`${url}/debug/requests/trace/${traceId}.json`);
  const { active } = await json(`${url}/debug/requests.json`);
  const problems = [...problemsOf(spans, active.shown), ...notes.map(({ sentence }) => sentence)];
  return { traceId, spans, hanging: active.shown, problems };
}

/** The page waits a second for the others; on a machine that is busy, that may be too short. */
async function wholeTrace(url) {
  for (let tries = 1; ; tries++) {
    const trace = await json(url);
    if (tries === 10 || trace.notes.every(({ sentence }) => !sentence.includes('within 1 s'))) return trace;
  }
}

function problemsOf(spans, running) {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const parentOf = (span) => byId.get(span?.parentSpanId);
  const server = (service) => spans.find((span) => span.service === service && span.kind === 'server');
  const problems = [];
  const expect = (holds, problem) => holds || problems.push(problem);

  expect(server('gateway') && !server('gateway').parentSpanId, 'the request at gateway is not the root');
  for (const [callee, caller] of [
    ['orders', 'gateway'],
    ['payments', 'orders'],
  ]) {
    const parent = parentOf(server(callee));
    expect(
      parent?.service === caller && parent.kind === 'client',
      `the request at ${callee} is no child of a client span of ${caller}`,
    );
  }
  const queries = spans.filter((span) => span.attributes['db.system.name'] === 'postgresql');
  expect(queries.length === 3, `there are ${queries.length} SQL spans, expected 3`);
  for (const query of queries) {
    expect(parentOf(query) === server('orders'), `${query.name} is no child of the request at orders`);
  }
  for (const span of spans) {
    expect(
      !span.parentSpanId || parentOf(span),
      `the parent of ${span.name} at ${span.service} is in no service`,
    );
    expect(!span.active, `${span.name} at ${span.service} has not ended`);
  }
  const hung = running.find(({ title }) => title === 'GET /bank');
  expect(
    hung?.waitingFor?.what.startsWith('the first byte of the response from'),
    'the hanging request is not told',
  );
  return problems;
}

/** The trace as a tree, children below their parents, whatever process they come from. */
export function printTree({ hanging, problems, spans, traceId }) {
  console.log(`trace ${traceId}`);
  const print = (parentId, indent) => {
    for (const span of spans.filter(({ parentSpanId }) => parentSpanId === parentId)) {
      const name = `${'  '.repeat(indent)}${span.name}`;
      console.log(`  ${span.service.padEnd(9)} ${name.padEnd(34)} ${span.kind.padEnd(9)} ${millis(span)}`);
      print(span.spanId, indent + 1);
    }
  };
  print(undefined, 0);
  for (const { elapsedSeconds, title, waitingFor } of hanging) {
    console.log(`still running: ${title}, for ${elapsedSeconds.toFixed(1)} s, waits for ${waitingFor?.what}`);
  }
  if (problems.length === 0) {
    console.log(`\nOne trace, ${spans.length} spans, three services; every child points to its real parent.`);
  } else {
    for (const problem of problems) console.error(`PROBLEM: ${problem}`);
  }
}

function millis({ elapsedSeconds }) {
  return `${(elapsedSeconds * 1000).toFixed(2).padStart(8)} ms`;
}
