import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

/** Built by scripts/next.mjs. */
const project = fileURLToPath(new URL('.', import.meta.url));

let program: Program | undefined;
let collector: Collector | undefined;

afterEach(async () => {
  program?.kill();
  await collector?.stop();
  collector = undefined;
});

async function start(env: Record<string, string>): Promise<string> {
  program = new Program(
    ['node_modules/next/dist/bin/next', 'start', '--port', '0'],
    { NEXT_TELEMETRY_DISABLED: '1', ...env },
    project,
  );
  const [, origin] = await program.prints(/Local: +(http:\/\/localhost:\d+)/);
  // Next calls instrumentation.ts when it is ready, and waits for it with the first request only.
  await program.prints(env['STARTED_BY'] === 'flag' ? /Ready/ : /started/);
  return String(origin);
}

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
const getJson = async (url: string): Promise<any> => (await fetch(url)).json();

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly depth: number;
  readonly status: { readonly code: string };
  readonly attributes: Record<string, unknown>;
}

/** The spans of the one request of a family that the page shows, once it shows one. */
async function spansOf(origin: string, family: string): Promise<[Span, ...Span[]]> {
  for (;;) {
    const list = await getJson(`${origin}/debug/requests.json?fam=${encodeURIComponent(family)}&b=0`);
    if (list.requests?.length > 0) {
      expect(list.requests).toHaveLength(1);
      return (await getJson(`${origin}/debug/requests/trace/${list.requests[0].traceId}.json`)).spans;
    }
  }
}

/** The names of the spans from the first one down to one that is called so. */
function wayTo(spans: readonly Span[], name: string): string[] {
  const way: string[] = [];
  let span = spans.find((span) => span.name === name);
  while (span !== undefined) {
    way.unshift(`${span.kind} ${span.name}`);
    const { parentSpanId }: Span = span;
    span = spans.find(({ spanId }) => spanId === parentSpanId);
  }
  return way;
}

const ways: [string, Record<string, string>, string][] = [
  ['start() in instrumentation.ts', {}, 'next-app'],
  [
    '--import sonde/register',
    { STARTED_BY: 'flag', NODE_OPTIONS: '--import sonde/register' },
    'unknown_service:node',
  ],
  [
    '--require sonde/register',
    { STARTED_BY: 'flag', NODE_OPTIONS: '--require sonde/register' },
    'unknown_service:node',
  ],
];

describe.each(ways)('Next by %s', (_way, env, service) => {
  it('tells the routes of both routers, and what is below them', async () => {
    const origin = await start(env);

    const page = await fetch(`${origin}/orders/7`);
    expect(await page.text()).toContain('order of <!-- -->7');
    const spans = await spansOf(origin, 'GET /orders/[id]');
    expect(spans[0]).toMatchObject({
      name: 'GET /orders/[id]',
      kind: 'server',
      attributes: { 'http.route': '/orders/[id]', 'url.path': '/orders/7', 'http.response.status_code': 200 },
    });
    expect(page.headers.get('server-timing')).toContain(`-${spans[0].spanId}-01"`);
    // From the page through Next's own spans and our client to the route handler, which is asked in the same trace. Next
    // begins twice, as there is a proxy.js; the second time, from the headers that it was sent.
    expect(wayTo(spans, 'work')).toEqual([
      'server GET /orders/[id]',
      'server GET /orders/[id]',
      'server GET /orders/[id]',
      'internal render route (app) /orders/[id]',
      'internal load item',
      `client fetch GET ${origin}/api/items/7`,
      'client GET',
      'server GET /api/items/[id]',
      'internal executing api route (app) /api/items/[id]',
      'internal work',
    ]);
    await spansOf(origin, 'GET /api/items/[id]');

    expect(await (await fetch(`${origin}/api/items/7`, { method: 'POST', body: 'hello' })).text()).toBe(
      'hello',
    );
    await spansOf(origin, 'POST /api/items/[id]');

    expect(await (await fetch(`${origin}/old/7`)).text()).toContain('old');
    await spansOf(origin, 'GET /old/[id]');

    expect((await fetch(`${origin}/boom/7`)).status).toBe(500);
    const [failed] = await spansOf(origin, 'GET /boom/[id]');
    expect(failed).toMatchObject({ status: { code: 'error' }, attributes: { 'error.type': '500' } });

    expect((await fetch(`${origin}/nowhere/7`)).status).toBe(404);
    const [missing] = await spansOf(origin, 'GET (not found)');
    expect(missing.attributes).not.toHaveProperty('http.route');

    const { active, service: shown } = await getJson(`${origin}/debug/requests.json`);
    expect([active.total, shown]).toEqual([0, service]);
    // `next start` is production, but it is not yet when a flag starts Sonde.
    const line = `sonde: ${service} · ${origin}/debug/requests · spans stay in this process`;
    const started = env['STARTED_BY'] === 'flag';
    expect(program?.stderr.match(/^sonde: .*$/gm) ?? []).toEqual(started ? [line] : []);
  });

  it('goes through a proxy.js and back', async () => {
    const origin = await start(env);
    expect((await fetch(`${origin}/guarded/7`)).status).toBe(200);
    await spansOf(origin, 'GET /guarded/[id]');
    expect((await fetch(`${origin}/guarded/7`, { headers: { 'x-refuse': '1' } })).status).toBe(401);
  });

  it('sends its spans to a collector', async () => {
    collector = await Collector.start();
    const origin = await start({
      ...env,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    expect((await fetch(`${origin}/api/items/7`)).status).toBe(200);
    const spans = await collector.until((spans) => spans.some(({ name }) => name === 'GET /api/items/[id]'));
    expect(collector.problems).toEqual([]);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set([service]));
  });
});
