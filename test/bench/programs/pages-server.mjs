// A server whose pages are as large as they become: 200 families with every bucket full, one trace of 5,000 spans,
// event logs. Tells how long its event loop was held up while a page was asked for. Speaks with its parent by messages.
import { createServer } from 'node:http';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { debugHandler, newEventLog, newTrace, RequestStore, RequestsProcessor } from '@sonde/debug';

const FAMILIES = 200;
const SPANS = 5_000;
const SECONDS = [0.001, 0.07, 0.15, 0.3, 0.7, 3, 20, 200];

const store = new RequestStore();
const provider = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] });
const tracer = provider.getTracer('bench');
const begin = Math.floor(Date.now() / 1000) - 300;

for (let family = 0; family < FAMILIES; family++) fillFamily(`/shop/area-${family}/orders/:id`);
const largest = fillTrace();
for (let i = 0; i < 20; i++) {
  const log = newEventLog('connections', `socket ${i}`);
  for (let line = 0; line < 100; line++) log.printf('line %d of the log', line);
  const byHand = newTrace('jobs', `job ${i}`, store);
  for (let line = 0; line < 10; line++) byHand.lazyPrintf('step %d of %s', line, 'the job');
  if (i % 2 === 0) byHand.finish();
}

/** Ten requests in each of its buckets and among its errors, with a child each, and two that run. */
function fillFamily(route) {
  for (const seconds of SECONDS) {
    for (let i = 0; i < 10; i++) {
      const root = startRequest(route, i);
      child(root, 'query', { 'db.query.text': `SELECT * FROM orders WHERE id = ${i}` }).end([begin, 500_000]);
      if (i % 5 === 0) root.setStatus({ code: SpanStatusCode.ERROR, message: `no stock for order ${i}` });
      root.setAttribute('http.response.status_code', i % 5 === 0 ? 500 : 200);
      root.end([begin + Math.floor(seconds), (seconds % 1) * 1e9 + i * 1000]);
    }
  }
  for (let i = 0; i < 2; i++) startRequest(route, i);
}

/** Levels of ten: some deep, some wide; a tenth with events, repeats of a query among them. */
function fillTrace() {
  const root = startRequest('/the/largest', 0);
  const parents = [root];
  for (let i = 1; i < SPANS; i++) {
    const parent = parents[Math.floor(i / 10)];
    const span = child(parent, i % 3 === 0 ? 'SELECT orders' : `work ${i}`, {
      'db.query.text': `SELECT * FROM orders WHERE id = ${i}`,
      'code.function': `step${i % 50}`,
      index: i,
    });
    if (i % 10 === 0) span.addEvent('cache.miss', { key: `order:${i}` }, [begin, i * 10_000]);
    parents.push(span);
  }
  for (const [i, span] of parents.entries()) span.end([begin + 4, (SPANS - i) * 10_000]);
  return root.spanContext().traceId;
}

function startRequest(route, i) {
  return tracer.startSpan(
    `GET ${route}`,
    {
      kind: SpanKind.SERVER,
      startTime: [begin, i * 1000],
      attributes: {
        'http.request.method': 'GET',
        'url.path': route.replace(':id', i),
        'url.scheme': 'http',
        'server.address': 'localhost',
        'server.port': 8080,
        'http.route': route,
      },
    },
    ROOT_CONTEXT,
  );
}

function child(parent, name, attributes) {
  return tracer.startSpan(
    name,
    { attributes, startTime: [begin, 100_000] },
    trace.setSpan(ROOT_CONTEXT, parent),
  );
}

let longest = 0;
let last = 0;
let watching = false;

/** Milliseconds that this thread has worked: what else runs on the machine does not count. Before Node 23.9, the process. */
function worked() {
  const { system, user } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
}

function tick() {
  const now = worked();
  longest = Math.max(longest, now - last);
  last = now;
  if (watching) setImmediate(tick);
}

process.on('disconnect', () => process.exit());
process.on('message', (ask) => {
  if (ask === 'watch') {
    watching = true;
    longest = 0;
    last = worked();
    setImmediate(tick);
    process.send({});
  } else {
    watching = false;
    process.send({ longest });
  }
});
const pages = debugHandler({ store });
const server = createServer((request, response) => {
  if (!pages(request, response)) response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => {
  process.send({ port: server.address().port, largest });
});
