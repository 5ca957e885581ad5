import { afterEach, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

let program: Program | undefined;
let base = '';
afterEach(() => program?.kill('SIGKILL'));

async function serve(env: Record<string, string> = {}): Promise<Program> {
  program = new Program(['--import', 'sonde/register', 'e2e/programs/runtime.mjs'], env);
  const [, port] = await program.prints(/listening on (\d+)/);
  base = `http://localhost:${port}`;
  return program;
}
const ask = async (path: string, accept = '*/*') => {
  const response = await fetch(`${base}${path}`, { headers: { accept } });
  return { type: response.headers.get('content-type') ?? '', text: await response.text() };
};
// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
const json = async (path: string): Promise<any> => JSON.parse((await ask(path)).text);
const lastTrace = async () => {
  const { requests } = await json('/debug/requests.json?q=/hold');
  return json(`/debug/requests/trace/${requests[0].traceId}.json`);
};

describe('/debug/vars on the app’s own port', () => {
  it('is Go’s expvar for whoever names no form, a page for browsers, and text for Prometheus', async () => {
    await serve();
    await ask('/allocate');
    const { pid } = program?.process ?? {};
    expect(await json('/debug/vars')).toMatchObject({ pid, memstats: { heapAlloc: expect.any(Number) } });
    expect((await ask('/debug/vars', 'text/html')).text).toContain('<h1>The runtime</h1>');
    const scraper =
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
    const { text, type } = await ask('/debug/vars', scraper);
    expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(text).toMatch(/^nodejs_gc_duration_seconds_count\{kind="minor"\} \d+$/m);
    while ((await json('/debug/vars')).gcstats.numGC === 0) await ask('/allocate');
  });
});

describe('the runtime is recorded', () => {
  it('by default: a request that held the event loop shows it', async () => {
    await serve();
    await ask('/hold');
    const { runtime, why } = await lastTrace();
    expect(runtime.stalls.length).toBeGreaterThanOrEqual(1);
    expect(why.map(({ sentence }: { sentence: string }) => sentence)).toContainEqual(
      expect.stringMatching(/^The event loop stood still for /),
    );
  });

  it('and not where SONDE_RUNTIME=0', async () => {
    await serve({ SONDE_RUNTIME: '0' });
    await ask('/hold');
    expect(await lastTrace()).not.toHaveProperty('runtime');
    expect((await json('/debug/vars')).memstats).not.toHaveProperty('numGC');
  });

  it('keeps no program alive, and ends with Sonde', async () => {
    const { ended } = await serve({ SONDE_DEBUG: 'gctrace=1,schedtrace=50' });
    expect(await json('/shutdown')).toEqual({ watched: false });
    await ask('/end');
    expect(await ended).toBe(0);
  });
});

describe('SONDE_DEBUG', () => {
  it('gctrace=1 writes a line for each collection, schedtrace=50 one each 50 ms, and the program is not kept alive', async () => {
    const { ended } = await serve({ SONDE_DEBUG: 'gctrace=1,schedtrace=50' });
    await program?.prints(/^SCHED \d+ms: utilization=/m);
    while (!/^gc \d+ @[\d.]+s \d+%: .*->.* MB/m.test(program?.stderr ?? '')) await ask('/allocate');
    await ask('/end');
    expect(await ended).toBe(0);
    expect(program?.stderr).not.toMatch(/^sonde: SONDE_DEBUG/m);
  });

  it('says in one sentence what it does not know', async () => {
    await serve({ SONDE_DEBUG: 'gctrace,cpu.all=off' });
    expect(program?.stderr.match(/^sonde: SONDE_DEBUG has .*$/gm)).toEqual([
      'sonde: SONDE_DEBUG has "gctrace", expected context, gctrace=1, schedtrace=1000; it is ignored',
      'sonde: SONDE_DEBUG has "cpu.all=off", expected context, gctrace=1, schedtrace=1000; it is ignored',
    ]);
  });
});
