import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

const example = fileURLToPath(new URL('../../examples/plain-opentelemetry/app.cjs', import.meta.url));

let program: Program;
let page: string;

beforeAll(async () => {
  program = new Program([example], { PORT: '0' });
  [page = ''] = await program.prints(/http:\/\/localhost:\d+\/debug\/requests/);
  expect(await (await fetch(new URL('/', page))).text()).toBe('hello\n');
});
afterAll(() => program.kill());

it('the page shows what OpenTelemetry’s own instrumentation records, and not who looks at it', async () => {
  const { families } = (await (await fetch(`${page}.json`)).json()) as {
    families: { family: string; active: number }[];
  };
  expect(families.map(({ family, active }) => [family, active])).toEqual([
    ['GET (not found)', 0],
    ['GET /', 0],
  ]);
});

it('a request made by a request is one waterfall', async () => {
  const list = await (await fetch(`${page}.json?fam=GET+/&b=0`)).json();
  const [{ traceId }] = (list as { requests: { traceId: string; title: string }[] }).requests as [never];
  const trace = await (await fetch(`${page}/trace/${traceId}.json`)).json();
  const { spans } = trace as { spans: { kind: string; depth: number }[] };
  expect(spans.map(({ kind, depth }) => [kind, depth])).toEqual([
    ['server', 0],
    ['client', 1],
    ['server', 2],
  ]);
});
