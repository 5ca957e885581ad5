import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

let program: Program;
let trace: string;

async function begin(env: Record<string, string>): Promise<void> {
  program = new Program(['--import', 'sonde/register', 'e2e/programs/logging.mjs'], env);
  const [, port] = await program.prints(/listening on (\d+)/);
  const origin = `http://localhost:${port}`;
  await (await fetch(`${origin}/orders`)).text();
  const list = await fetch(`${origin}/debug/requests.json?fam=GET+/orders&b=0`);
  const { requests } = (await list.json()) as { requests: { traceId: string }[] };
  trace = `${origin}/debug/requests/trace/${requests[0]?.traceId}`;
}
const get = async (suffix: string) => (await fetch(trace + suffix)).text();
afterEach(() => program.kill());

describe('with SONDE_LOGS=console', () => {
  beforeEach(() => begin({ SONDE_LOGS: 'console' }));

  it('lines are printed as before', async () => {
    await program.prints(/nothing <b>there<\/b>/);
    expect(program.stdout).toContain('asked for /orders by { id: 7 }\n');
    expect(program.stderr).toMatch(/^Error: nothing <b>there<\/b>\n {4}at /m);
  });

  it('they stand beside the spans that were active, in every form of the trace', async () => {
    const { spans } = JSON.parse(await get('.json'));
    const logged = spans.flatMap(({ events, name }: { events: object[]; name: string }) =>
      events.map((event) => ({ name, event })),
    );
    expect(logged).toMatchObject([
      { event: { attributes: { 'log.severity': 'INFO', 'log.message': 'asked for /orders by { id: 7 }' } } },
      { name: 'look up', event: { name: 'log', attributes: { 'log.severity': 'ERROR' } } },
    ]);
    expect(await get('.txt')).toMatch(
      /^ +0\.\d{6} INFO {2}asked for \/orders by \{ id: 7 \}\n +0\.\d{6} ERROR Error: /m,
    );
    expect(await get('.md')).toMatch(/## Log\n\n```\n0\.\d{6} INFO {2}asked for \/orders/);
    const page = await get('');
    expect(page).toContain('<h2 id="log">Log</h2>');
    expect(page).toContain('Error: nothing &lt;b&gt;there&lt;/b&gt;');
  });
});

it('nothing is noted unless it is asked for', async () => {
  await begin({});
  expect(await get('.json')).not.toContain('log.message');
  expect(await get('')).not.toContain('id="log"');
});
