import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { announcePages, meetingPlace, readAnnouncements } from './announcements.ts';

const URL = 'http://localhost:3001/debug';
let runtime: string;
let neighbour: ChildProcess;
let gone: number;

beforeAll(async () => {
  neighbour = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = spawn(process.execPath, ['-e', '']);
  gone = ended.pid as number;
  await once(ended, 'exit');
});
afterAll(() => void neighbour.kill());
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'sonde-meet-'));
  vi.stubEnv('XDG_RUNTIME_DIR', runtime);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(runtime, { recursive: true, force: true });
});

const directory = () => join(runtime, 'sonde');

/** What another process has left there. */
function leave(
  text: string | object = { url: URL, service: 'orders' },
  name = `${neighbour.pid}-0.json`,
): string {
  mkdirSync(directory(), { recursive: true, mode: 0o700 });
  const path = join(directory(), name);
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text), { mode: 0o600 });
  return path;
}

describe('a process', () => {
  it('tells where its pages are, to its user alone, and takes it back', () => {
    const withdraw = announcePages({ url: URL, service: 'shop' });
    const [name] = readdirSync(directory());
    expect(name).toBe(`${process.pid}-0.json`);
    expect(statSync(directory()).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory(), name as string)).mode & 0o777).toBe(0o600);
    withdraw();
    expect(readdirSync(directory())).toEqual([]);
    withdraw();
    expect(process.listeners('exit').some(({ name }) => name === 'withdraw')).toBe(false);
  });

  it('is found by others, and does not find itself', async () => {
    announcePages({ url: URL, service: 'shop' });
    expect(await readAnnouncements()).toEqual([]);
    leave();
    expect(await readAnnouncements()).toEqual([
      { url: URL, service: 'orders', pid: neighbour.pid, alive: true },
    ]);
  });

  it('that was killed is known as gone', async () => {
    leave({ url: URL, service: 'payments' }, `${gone}-0.json`);
    expect(await readAnnouncements()).toMatchObject([{ service: 'payments', alive: false }]);
  });

  it('that started last comes first', async () => {
    leave({ url: 'http://localhost:1/debug', service: 'old' }, `${gone}-0.json`);
    leave({ url: 'http://localhost:2/debug', service: 'new' });
    utimesSync(join(directory(), `${gone}-0.json`), 1_000, 1_000);
    expect((await readAnnouncements()).map(({ service }) => service)).toEqual(['new', 'old']);
  });

  it.each([
    'http://192.168.1.5:3000/debug',
    'http://localhost.evil.example:3000/debug',
    'file:///debug',
    'http://user@localhost:3000/debug',
    'http://localhost:3000/debug?x',
    'nonsense',
  ])('whose pages are at %j is not announced, nor believed', async (url) => {
    announcePages({ url, service: 'shop' })();
    expect(existsSync(directory())).toBe(false);
    leave({ url, service: 'shop' });
    expect(await readAnnouncements()).toEqual([]);
  });

  it('takes over the announcement of one that had its number', async () => {
    leave({ url: 'http://localhost:1/debug', service: 'before' }, `${process.pid}-0.json`);
    writeFileSync(join(directory(), `${process.pid}-0.json.new`), 'left in the middle');
    const withdraw = announcePages({ url: URL, service: 'shop' });
    expect(readdirSync(directory())).toEqual([`${process.pid}-0.json`]);
    withdraw();
  });

  it('clears away what was left a day ago by processes that are gone, and nothing else', () => {
    const old = leave({ url: URL, service: 'a' }, `${gone}-0.json`);
    const alive = leave();
    const foreign = leave('', 'README');
    for (const path of [old, alive, foreign]) utimesSync(path, 1_000, 1_000);
    const young = leave({ url: URL, service: 'b' }, `${gone}-1.json`);
    announcePages({ url: URL, service: 'shop' })();
    expect([old, alive, foreign, young].map((path) => existsSync(path))).toEqual([false, true, true, true]);
  });

  it('clears away all of them at once when there are many', () => {
    for (let i = 0; i < 200; i++) leave({ url: URL, service: 'a' }, `${gone}-${i}.json`);
    announcePages({ url: URL, service: 'shop' })();
    expect(readdirSync(directory())).toEqual([]);
  });
});

describe('where the directory is no safe place', () => {
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    const warn = (sentence: string) => void said.push(sentence);
    const other = () => {};
    diag.setLogger({ warn, error: other, info: other, debug: other, verbose: other }, DiagLogLevel.WARN);
  });
  afterEach(() => diag.disable());

  it('since others may write to it: nothing is told, nothing believed, and it is said', async () => {
    leave();
    chmodSync(directory(), 0o777);
    announcePages({ url: URL, service: 'shop' });
    expect(readdirSync(directory())).toEqual([`${neighbour.pid}-0.json`]);
    expect(await readAnnouncements()).toEqual([]);
    expect(said).toEqual([
      expect.stringMatching(/is not a directory of this user alone.*list them in SONDE_PEERS$/),
    ]);
  });

  it('since it is a link', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'sonde-else-'));
    symlinkSync(elsewhere, directory());
    announcePages({ url: URL, service: 'shop' });
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(await readAnnouncements()).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  it('since it cannot be made: nothing is told, and nothing said', async () => {
    vi.stubEnv('XDG_RUNTIME_DIR', join(runtime, 'not', 'there'));
    announcePages({ url: URL, service: 'shop' })();
    expect(await readAnnouncements()).toEqual([]);
    expect(said).toEqual([]);
  });
});

describe('what is no announcement is passed over', () => {
  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['without a URL', { service: 'x' }],
    ['without a service', { url: URL }],
    ['too long', { url: URL, service: 'x'.repeat(4_096) }],
  ])('%s', async (_title, text) => {
    leave(text);
    expect(await readAnnouncements()).toEqual([]);
  });

  it.each(['x.json', '1.json', 'a-0.json', '1-0.json.new', '12345678901-0.json'])(
    'of the name %s',
    async (name) => {
      leave({ url: URL, service: 'x' }, name);
      expect(await readAnnouncements()).toEqual([]);
    },
  );

  it('a link, a pipe, a directory, a file that others may write', async () => {
    const target = leave({ url: URL, service: 'x' }, 'target');
    symlinkSync(target, join(directory(), `${neighbour.pid}-1.json`));
    execFileSync('mkfifo', [join(directory(), `${neighbour.pid}-2.json`)]);
    mkdirSync(join(directory(), `${neighbour.pid}-3.json`));
    chmodSync(leave({ url: URL, service: 'x' }, `${neighbour.pid}-4.json`), 0o666);
    expect(await readAnnouncements()).toEqual([]);
  });

  it('whatever bytes are in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), async (text) => {
        leave(text);
        expect(await readAnnouncements()).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('no more than 256 of them are read', async () => {
    for (let i = 0; i < 300; i++) leave({ url: URL, service: 'x' }, `${neighbour.pid}-${i}.json`);
    expect(await readAnnouncements()).toHaveLength(256);
  });
});

it('processes meet in the runtime directory of their user, else in one of his own among the temporary ones', () => {
  expect(meetingPlace({ XDG_RUNTIME_DIR: '/run/user/7' })).toBe('/run/user/7/sonde');
  for (const env of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'relative' }]) {
    expect(meetingPlace(env)).toBe(join(tmpdir(), `sonde-${process.getuid?.()}`));
  }
});
