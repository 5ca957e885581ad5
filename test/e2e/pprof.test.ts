import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goPath, goPprof } from '../support/go-pprof.ts';
import { Program } from '../support/program.ts';

const source = fileURLToPath(new URL('programs/profiled/orders.ts', import.meta.url));
/** Below `test/`, where the packages are found. */
const folder = mkdtempSync(fileURLToPath(new URL('../.out/profiled-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true }));

/** In which line of the TypeScript a comment stands. */
const lineOf = (comment: string): number =>
  readFileSync(source, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(comment)) + 1;

const [, major] = /^v(\d+)/.exec(process.version) as unknown as [string, string];
let program: Program;
let port: number;

/**
 * V8 may count a function whose code it replaced within a loop (on-stack replacement) as its caller; seen with Node 20, in
 * one run of five of loops as long as those of the program: docs/PROFILES.md.
 */
const PLAIN_LOOPS = ['--no-use-osr'];

/** The TypeScript as a user's build leaves it: a module in another place, with a map beside it. */
beforeAll(async () => {
  const bundle = await rolldown({ input: source, external: /^[^./]/, platform: 'node' });
  await bundle.write({ file: join(folder, 'orders.js'), format: 'esm', sourcemap: true, comments: false });
  await bundle.close();
  program = new Program([...PLAIN_LOOPS, '--import', 'sonde/register', join(folder, 'orders.js')]);
  const [, printed] = await program.prints(/listening on (\d+)/);
  port = Number(printed);
});
afterAll(() => program.kill());

const at = (path: string): string => `http://127.0.0.1:${port}/debug/pprof/${path}`;

/** Asks the application for this again and again while something else happens. */
async function meanwhile<T>(paths: readonly string[], work: Promise<T>): Promise<T> {
  let over = false;
  const asking = (async () => {
    while (!over) for (const path of paths) await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  })();
  try {
    return await work;
  } finally {
    over = true;
    await asking;
  }
}

async function save(path: string, paths: readonly string[]): Promise<string> {
  const response = await meanwhile(paths, fetch(at(path)));
  expect(response.status).toBe(200);
  const file = join(folder, `${path.replace(/\W+/g, '-')}.pb.gz`);
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  return file;
}

/** The seconds that a tool tells of a line or function: `1.20s`, `380ms`. */
const secondsOf = (text: string | undefined): number => {
  const [, figure, unit] = /([\d.]+)(min|s|ms|us|µs|ns)/.exec(text ?? '') ?? [];
  const scale = { min: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 }[unit ?? 's'] ?? 1;
  return Number(figure ?? 0) * scale;
};

describe.skipIf(goPath === undefined)('go tool pprof', () => {
  let cpu: string;
  beforeAll(async () => {
    cpu = await save('profile?seconds=3', ['/price', '/tax', '/price']);
  });

  it('names the function that was hot, first', async () => {
    const [first] =
      (await goPprof('-top', cpu)).split('flat%   sum%        cum   cum%\n')[1]?.split('\n') ?? [];
    expect(first).toMatch(/ priceOrder$/);
  });

  it('lists it in TypeScript, with its cost at the line that is hot', async () => {
    const listed = await goPprof('-list', '^priceOrder$', cpu);
    expect(listed).toContain(`priceOrder in ${source}`);
    const hot = listed.split('\n').find((line) => line.includes('// the hot line'));
    expect(hot).toMatch(new RegExp(`\\b${lineOf('// the hot line')}:`));
    const [, total] = /([\d.]+m?s) \(flat, cum\)/.exec(listed) ?? [];
    expect(secondsOf(hot)).toBeGreaterThan(0.5 * secondsOf(total));
  });

  it('finds the CPU of a route by its label, for work at once and after a wait alike', async () => {
    const price = await goPprof('-top', '-tagfocus', 'family=GET /price', cpu);
    expect(price).toContain('priceOrder');
    expect(price).not.toContain('taxOrder');
    const tax = await goPprof('-top', '-tagfocus', 'family=GET /tax', cpu);
    expect(tax).toContain('taxOrder');
    expect(tax).not.toContain('priceOrder');
    const tags = await goPprof('-tags', cpu);
    for (const key of ['family', 'span', 'span_id', 'trace_id']) expect(tags).toContain(` ${key}: `);
  });

  it('shows callers by their TypeScript names', async () => {
    expect(await goPprof('-peek', '^priceOrder$', cpu)).toMatch(/\(anonymous\) orders\.ts:\d+/);
  });

  it('shows who holds memory, and who made garbage', async () => {
    const heap = await save('heap?seconds=2&gc=1', ['/keep']);
    const listed = await goPprof('-list', '^keepOrders$', heap);
    const leak = listed.split('\n').find((line) => line.includes(`${lineOf('function keepOrders')}:`));
    expect(leak).toMatch(/\d+(?:\.\d+)?[kM]B/);
    const allocs = await save('allocs?seconds=1', ['/keep']);
    expect(await goPprof('-top', allocs)).toMatch(/Type: alloc_space.*keepOrders/s);
    expect(await goPprof('-top', '-cum', '-diff_base', heap, heap)).toContain('Type: inuse_space');
  });

  it('reads a profile of the program’s own, from the address itself', async () => {
    for (let i = 0; i < 3; i++) await fetch(`http://127.0.0.1:${port}/connect`);
    const top = await goPprof('-top', at('shop.connections'));
    expect(top).toMatch(/Type: shop\.connections/);
    expect(top).toMatch(/3 +100% +100% +3 +100% +connect/);
  });

  it('tells in its own words why there is none', async () => {
    await expect(goPprof('-top', at('nothing'))).rejects.toThrow(/404 Not Found.*unknown profile/s);
  });
});

describe('for Chrome DevTools', () => {
  it('a CPU profile is what V8 made of it', async () => {
    const response = await meanwhile(['/price'], fetch(at('profile.cpuprofile?seconds=0.5')));
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="profile.cpuprofile"');
    const { endTime, nodes, samples, startTime, timeDeltas } = (await response.json()) as {
      nodes: { id: number; callFrame: { functionName: string } }[];
      samples: number[];
      timeDeltas: number[];
      startTime: number;
      endTime: number;
    };
    expect(nodes[0]?.callFrame.functionName).toBe('(root)');
    expect(timeDeltas).toHaveLength(samples.length);
    expect(endTime - startTime).toBeGreaterThan(400_000);
  });

  it('a heap profile has its tree', async () => {
    const response = await meanwhile(['/keep'], fetch(at('heap.heapprofile?seconds=0.5')));
    const { head, samples } = (await response.json()) as { head: { children: object[] }; samples: object[] };
    expect(head.children.length).toBeGreaterThan(0);
    expect(samples.length).toBeGreaterThan(0);
  });
});

describe('what was asked wrongly is told, and nothing is begun', () => {
  it.each([
    ['profile?seconds=-1', 400, /seconds is -1, expected a number above 0 and at most 300/],
    ['profile?seconds=0', 400, /seconds is 0,/],
    ['profile?seconds=300.5', 400, /at most 300/],
    ['profile?seconds=1e9', 400, /seconds is 1000000000,/],
    ['profile?seconds=abc', 400, /seconds is "abc", expected a number/],
    ['heap?seconds=0x10', 400, /seconds is "0x10"/],
    ['profile?hz=1001', 400, /hz is 1001, expected a number from 1 to 1000/],
    ['heap?gc=yes', 400, /gc is "yes"/],
    ['heap?debug=yes', 400, /debug is "yes"/],
    ['nothing', 404, /unknown profile "nothing"/],
    ['%E0%A4%A', 404, /unknown profile "%E0%A4%A"/],
    ['%3Cscript%3E%0A', 404, /unknown profile "<script>\\n"/],
    ['__proto__', 404, /unknown profile/],
    ['heap.cpuprofile', 404, /unknown profile "heap.cpuprofile"/],
  ])('%s: %i', async (path, status, sentence) => {
    const response = await fetch(at(path));
    expect(response.status).toBe(status);
    expect(response.headers.get('x-go-pprof')).toBe('1');
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toMatch(sentence);
  });
});

/** What is under way, as the index tells. */
async function underWayNow(): Promise<string | undefined> {
  const index = await fetch(`http://127.0.0.1:${port}/debug/pprof.json`);
  return ((await index.json()) as { underWay?: string }).underWay;
}

/** Begins a profile, and answers when it is under way. */
async function underWay(path: string): Promise<http.ClientRequest> {
  const request = http.get(at(path), { agent: false }).on('error', () => {});
  await expect.poll(underWayNow).toBe('a CPU profile');
  return request;
}

it('two at once are one, and a client that leaves ends its own', async () => {
  const request = await underWay('profile?seconds=300');
  for (const path of ['profile', 'heap', 'allocs']) {
    const busy = await fetch(at(path));
    expect([busy.status, await busy.text()]).toEqual([
      500,
      'sonde: a CPU profile is being taken in this process; ask again when it is done\n',
    ]);
  }
  request.destroy();
  await expect.poll(underWayNow).toBeUndefined();
  expect((await fetch(at('heap?seconds=0.01'))).status).toBe(200);
});

it('HEAD begins nothing, and other methods are refused', async () => {
  const head = await fetch(at('profile?seconds=300'), { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await fetch(at('profile'), { method: 'POST' })).status).toBe(405);
  expect((await fetch(at('heap?seconds=0.01'))).status).toBe(200);
});

it('a link on a page of another site begins none', async () => {
  const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
  // `fetch` has such headers of its own.
  const statusOf = (path: string) =>
    new Promise((resolve) => {
      http.get(at(path), { headers, agent: false }, (response) => resolve(response.resume().statusCode));
    });
  expect(await statusOf('profile?seconds=0.01')).toBe(403);
  expect(await statusOf('')).toBe(200);
});

it('the permission model forbids it, which is said in a sentence', async () => {
  const strict = new Program([
    major === '20' ? '--experimental-permission' : '--permission',
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
    '--allow-fs-read=*',
    '--import',
    'sonde/register',
    join(folder, 'orders.js'),
  ]);
  try {
    const [, port] = await strict.prints(/listening on (\d+)/);
    const response = await fetch(`http://127.0.0.1:${port}/debug/pprof/profile?seconds=1`);
    expect(response.status).toBe(501);
    expect(await response.text()).toMatch(
      /^sonde: profiles need the inspector, which the permission model forbids/,
    );
    expect((await fetch(`http://127.0.0.1:${port}/connect`)).status).toBe(200);
  } finally {
    strict.kill();
  }
});
