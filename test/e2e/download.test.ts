import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

const out = fileURLToPath(new URL('../.out/downloads/', import.meta.url));
const command = fileURLToPath(new URL('../../packages/sonde/dist/command.js', import.meta.url));
mkdirSync(out, { recursive: true });

const programs: Program[] = [];
afterEach(() => {
  for (const program of programs.splice(0)) program.kill();
});

function run(args: string[]): Program {
  const program = new Program(args);
  programs.push(program);
  return program;
}

async function save(name: string): Promise<{ file: string; origin: string }> {
  const program = run(['--import', 'sonde/register', 'e2e/programs/server.mjs']);
  const [, port] = await program.prints(/listening on (\d+)/);
  const origin = `http://localhost:${port}`;
  for (let i = 0; i < 30; i++) await (await fetch(`${origin}/orders/${i}`)).text();
  const response = await fetch(`${origin}/debug/download`);
  expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="sonde-[\w.-]+\.html"$/);
  const file = `${out}${name}-node${process.versions.node}.html`;
  writeFileSync(file, await response.text());
  return { file, origin };
}

async function open(file: string): Promise<string> {
  const [, origin] = await run([command, 'open', file]).prints(
    / · (http:\/\/localhost:\d+)\/debug\/requests · /,
  );
  return origin as string;
}

const ASKED_AT = /"at": "[^"]*"|"elapsedSeconds": [\d.e-]+|"bytes": \d+/g;

describe('sonde open', () => {
  it('shows what the page of the process showed', async () => {
    const { file, origin } = await save('whole');
    const opened = await open(file);
    const text = async (base: string, path: string) => (await fetch(`${base}/debug/${path}`)).text();
    const { families } = JSON.parse(await text(opened, 'requests.json'));
    expect(families.map(({ family }: { family: string }) => family)).toEqual(['GET /orders/:id']);
    for (const path of ['requests.json?fam=GET+/orders/:id&b=0', 'requests.json?fam=GET+/orders/:id&b=11']) {
      const [saved, live] = await Promise.all([text(opened, path), text(origin, path)]);
      expect(saved.replace(ASKED_AT, '')).toBe(live.replace(ASKED_AT, ''));
    }
    const { requests } = JSON.parse(await text(opened, 'requests.json?fam=GET+/orders/:id&b=0'));
    const trace = `requests/trace/${requests[0].traceId}.otlp.json`;
    expect(await text(opened, trace)).toBe(await text(origin, trace));
    expect(await text(opened, 'requests')).toContain('from a file');
  });

  it("leads to the pages from elsewhere, but not for good: the port may be another program's next", async () => {
    const origin = await open((await save('elsewhere')).file);
    const { headers, status } = await fetch(`${origin}/`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, '/debug/requests']);
  });

  it('is for this machine alone, as the pages are', async () => {
    const origin = await open((await save('closed')).file);
    const status = await new Promise((resolve) => {
      get(`${origin}/debug/requests`, { headers: { host: 'evil.example' } }, ({ statusCode }) =>
        resolve(statusCode),
      );
    });
    expect(status).toBe(403);
  });

  it.each([
    ['a file that is not there', () => `${out}none.html`, /cannot be read: ENOENT\n$/],
    [
      'a file of another kind',
      () => command,
      /holds no store; expected a file that was saved from \/debug\/download\n$/,
    ],
    ['a folder', () => out, /cannot be read: EISDIR\n$/],
  ])('says in one sentence what is wrong with %s', async (_name, file, sentence) => {
    const program = run([command, 'open', file()]);
    expect(await program.ended).toBe(1);
    expect(program.stderr).toMatch(sentence);
    expect(program.stdout).toBe('');
  });

  it.each([
    [[]],
    [['open']],
    [['close', 'x']],
    [['open', 'x', '--port', '70000']],
    [['open', 'x', '--what']],
  ])('with the arguments %j tells how it is used', async (args) => {
    const program = run([command, ...args]);
    expect(await program.ended).toBe(1);
    expect(program.stderr).toContain('usage: sonde open [--port <port>] <file saved from /debug/download>');
  });

  it('leaves out what is broken, and says how much', async () => {
    const { file } = await save('broken');
    const lines = readFileSync(file, 'utf8').split('\n');
    const requests = lines.flatMap((line, i) => (line.startsWith('{"request"') ? [i] : []));
    for (const i of requests.slice(0, 2)) lines[i] = '{"request":';
    writeFileSync(file, lines.join('\n'));
    const program = run([command, 'open', file]);
    await program.prints(/debug\/requests/);
    expect(program.stderr).toMatch(/^sonde: \d+ parts of .* could not be read and are left out\n$/);
  });
});
