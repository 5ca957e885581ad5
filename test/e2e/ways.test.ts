import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Format } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

const programs: Program[] = [];
let collector: Collector | undefined;

function run(args: string[], env: Record<string, string> = {}): Program {
  const program = new Program(args, env);
  programs.push(program);
  return program;
}

afterEach(async () => {
  for (const program of programs.splice(0)) {
    // Not SIGKILL: tsx has a child, to which it hands what it is told.
    program.kill('SIGTERM');
    await program.ended;
  }
  await collector?.stop();
  collector = undefined;
});

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
const getJson = async (url: string): Promise<any> => (await fetch(url)).json();

/** What the page of a process counts: each family and how often. */
async function familiesAt(origin: string): Promise<[string, number][]> {
  const { families } = await getJson(`${origin}/debug/requests.json`);
  return families.map(({ family, buckets }: { family: string; buckets: { total: number }[] }) => [
    family,
    buckets[0]?.total,
  ]);
}

/** That a request is on the page of who served it, with what its handler did by hand. */
async function expectTraced(origin: string): Promise<void> {
  expect((await fetch(`${origin}/orders/7`)).status).toBe(200);
  await expect.poll(() => familiesAt(origin)).toEqual([['GET /orders/:id', 1]]);
  const { requests } = await getJson(`${origin}/debug/requests.json?fam=GET+/orders/:id&b=0`);
  const { spans } = await getJson(`${origin}/debug/requests/trace/${requests[0].traceId}.json`);
  expect(spans.map(({ kind, depth }: { kind: string; depth: number }) => [kind, depth])).toEqual([
    ['server', 0],
    ['internal', 1],
  ]);
}

async function originOf(program: Program): Promise<string> {
  const [, port] = await program.prints(/listening on (\d+)/);
  return `http://localhost:${port}`;
}

describe('TypeScript', () => {
  const tsx = 'node_modules/tsx/dist/cli.mjs';
  const { typescript = false } = process.features as { typescript?: string | false };
  const runners: [string, string[]][] = [
    ['tsx --import', [tsx, '--import', 'sonde/register']],
    ['tsx --require', [tsx, '--require', 'sonde/register']],
    ['node --import tsx', ['--import', 'tsx', '--import', 'sonde/register']],
    ...(typescript ? [['node itself', ['--import', 'sonde/register']] as [string, string[]]] : []),
  ];

  it.each(runners)('%s: nothing is to be said for Sonde', async (_name, args) => {
    const program = run([...args, 'e2e/programs/server.ts']);
    const origin = await originOf(program);
    await expectTraced(origin);
    expect(program.stderr).toContain(
      `sonde: unknown_service:node · ${origin}/debug/requests · spans stay in this process\n`,
    );
    expect(program.stderr.match(/^sonde:/gm)).toHaveLength(1);
  });

  it.each(['express', 'fastify', 'koa', 'hono'])('tsx: %s tells its routes', async (framework) => {
    const program = run([tsx, '--import', 'sonde/register', `e2e/programs/frameworks/${framework}.mjs`]);
    await expectTraced(await originOf(program));
  });
});

describe('a program with a worker thread', () => {
  it('shows what the thread serves on the thread’s own server', async () => {
    const program = run(['--import', 'sonde/register', 'e2e/programs/threads.mjs']);
    const origin = await originOf(program);
    await expectTraced(origin);
    expect(program.stderr).toBe(
      `sonde: unknown_service:node · ${origin}/debug/requests · spans stay in this process\n`,
    );
  });
});

describe('node:cluster', () => {
  /** The ids of two workers that listen, and on which port. */
  async function workers(program: Program, ...ids: number[]): Promise<{ origin: string; pids: string[] }> {
    const pids: string[] = [];
    let port = '';
    for (const id of ids) {
      const [, pid, its] = await program.prints(
        new RegExp(`worker ${id} \\((\\d+)\\) is listening on (\\d+)`),
      );
      pids.push(String(pid));
      port = String(its);
    }
    return { origin: `http://localhost:${port}`, pids };
  }

  it('the page on the shared port is that of the worker that answers', async () => {
    const program = run(['--import', 'sonde/register', 'e2e/programs/cluster.mjs']);
    const { origin, pids } = await workers(program, 1, 2);
    const seen = new Set<string>();
    while (seen.size < 2) {
      // Connections go to the workers in turn.
      const { resource } = (await (
        await fetch(`${origin}/debug/sonde.json`, { headers: { connection: 'close' } })
      ).json()) as { resource: Record<string, unknown> };
      seen.add(String(resource['process.pid']));
    }
    expect([...seen].sort()).toEqual(pids.sort());
  });

  it('SONDE_PORT=0 gives each worker a page of its own, and another one to who replaces it', async () => {
    const program = run(['--import', 'sonde/register', 'e2e/programs/cluster.mjs'], { SONDE_PORT: '0' });
    const { origin, pids } = await workers(program, 1, 2);
    await program.prints(/(?:^sonde: .*\n){3}/m);
    const pages = await pagesOf(program);
    expect(pages.size).toBe(3);
    for (let i = 0; i < 2; i++) {
      const pid = await (await fetch(`${origin}/orders/7`, { headers: { connection: 'close' } })).text();
      await expect.poll(() => familiesAt(String(pages.get(pid)))).toEqual([['GET /orders/:id', 1]]);
    }
    process.kill(Number(pids[0]), 'SIGKILL');
    await program.prints(/worker 1 ended by SIGKILL/);
    await workers(program, 3);
    await program.prints(/(?:^sonde: .*\n){4}/m);
    expect((await pagesOf(program)).size).toBe(3);
  });

  it('SONDE_PORT is the primary’s, and its workers take the ports that follow', async () => {
    const program = run(['--import', 'sonde/register', 'e2e/programs/cluster.mjs'], { SONDE_PORT: '29730' });
    const { pids } = await workers(program, 1, 2);
    await program.prints(/(?:^sonde: .*\n){3}/m);
    const pages = await pagesOf(program);
    expect([...pages].sort(([, a], [, b]) => a.localeCompare(b))).toEqual([
      [String(program.process.pid), 'http://localhost:29730'],
      [pids[0], 'http://localhost:29731'],
      [pids[1], 'http://localhost:29732'],
    ]);
  });

  /** By the process that answers there. */
  async function pagesOf(program: Program): Promise<Map<string, string>> {
    const pages = new Map<string, string>();
    for (const [, origin] of program.stderr.matchAll(/(http:\/\/localhost:\d+)\/debug\/requests/g)) {
      try {
        const { resource } = await getJson(`${origin}/debug/sonde.json`);
        pages.set(String(resource['process.pid']), String(origin));
      } catch {
        // Of a worker that has ended.
      }
    }
    return pages;
  }
});

describe('a process manager', () => {
  it.each([
    ['arguments', 'server.mjs'],
    ['environment', 'server.mjs'],
    ['arguments', 'server.cjs'],
    ['environment', 'server.cjs'],
  ])('that gives the flag by the %s: %s is traced before and after a restart', async (how, file) => {
    collector = await Collector.start();
    const program = run(['e2e/programs/manager.mjs', `e2e/programs/${file}`, how], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      // Nothing is sent but at the end.
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    });
    await expectTraced(await originOf(program));
    program.kill('SIGHUP');
    await program.prints(/ended by SIGINT/);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(['GET', 'work']);
    const [, again] = await program.prints(/ended by SIGINT\nlistening on (\d+)/);
    await expectTraced(`http://localhost:${again}`);
    program.kill('SIGHUP');
    await program.prints(/ended by SIGINT.*ended by SIGINT/s);
    expect(collector.spans).toHaveLength(4);
  });
});

describe('a program that is one file, with Sonde in it', () => {
  const out = fileURLToPath(new URL('../.out/bundled', import.meta.url));
  const formats: [Format, string][] = [
    ['cjs', ''],
    // What bundlers ask of ES modules that have swallowed CommonJS.
    [
      'esm',
      "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    ],
  ];

  it.each(formats)(
    'by esbuild as %s: requests, routes, pages and export are there',
    async (format, banner) => {
      const outfile = `${out}/node${process.versions.node}.${format === 'cjs' ? 'cjs' : 'mjs'}`;
      mkdirSync(out, { recursive: true });
      const { errors } = await build({
        entryPoints: [fileURLToPath(new URL('programs/bundled.mjs', import.meta.url))],
        bundle: true,
        platform: 'node',
        format,
        outfile,
        banner: { js: banner },
        logLevel: 'silent',
      });
      expect(errors).toEqual([]);
      collector = await Collector.start();
      const program = run([outfile], {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      });
      const origin = await originOf(program);
      await expectTraced(origin);
      await collector.until((spans) => spans.length === 2);
      expect(program.stderr).toBe(
        `sonde: unknown_service:node · ${origin}/debug/requests · spans go to ${collector.url}\n`,
      );
    },
  );
});
