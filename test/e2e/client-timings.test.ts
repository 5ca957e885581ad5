import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen, plainServer, secureServer, selfSigned } from '../httptrace/servers.ts';
import { Program } from '../support/program.ts';

const example = fileURLToPath(new URL('../../examples/client-timings/client-timings.js', import.meta.url));
const out = fileURLToPath(new URL('../.out/client-timings', import.meta.url));
const authority = `${out}/authority-node${process.versions.node}.pem`;

let plain: Listening;
let secure: Listening;
const answer: RequestListener = (request, response) => {
  if (request.url === '/old') response.writeHead(302, { location: '/new' }).end();
  else if (request.url === '/broken') request.socket.destroy();
  else response.end('new');
};

beforeAll(async () => {
  const pems = await selfSigned();
  mkdirSync(out, { recursive: true });
  writeFileSync(authority, pems.cert);
  plain = await listen(plainServer(answer), 'localhost');
  secure = await listen(secureServer(pems, answer), 'localhost');
});
afterAll(async () => {
  await plain.close();
  await secure.close();
});

async function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const program = new Program([example, ...args], { NODE_EXTRA_CA_CERTS: authority });
  return { code: await program.ended, stdout: program.stdout, stderr: program.stderr };
}

/** The phases of each table, in order; each has its time in milliseconds and, but for the total, a bar. */
function tablesIn(stdout: string): string[][] {
  return stdout
    .trim()
    .split('\n\n')
    .map((table) => {
      const [, ...rows] = table.split('\n');
      return rows.map((row) => {
        const [, name, bar] = /^ {3}([a-z]+) +\d+\.\d ms(?: +(█+|▏))?$/.exec(row) ?? [];
        expect(name === 'total' || bar, row).toBeTruthy();
        return String(name);
      });
    });
}

const everyPhase = ['queue', 'dns', 'connect', 'send', 'wait', 'receive', 'total'];

describe('the example client-timings', () => {
  it('prints each phase of a request with a bar', async () => {
    const url = `http://localhost:${plain.port}/new`;
    const { code, stdout, stderr } = await run(url);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`1. GET ${url}: 200, new connection to `);
    expect(tablesIn(stdout)).toEqual([everyPhase]);
  });

  it('prints the handshake of https', async () => {
    const { code, stdout } = await run(`https://localhost:${secure.port}/new`);
    expect(code).toBe(0);
    expect(tablesIn(stdout)).toEqual([everyPhase.toSpliced(3, 0, 'tls')]);
  });

  it('prints a table for each hop of a redirect', async () => {
    const { code, stdout } = await run(`http://localhost:${plain.port}/old`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1\. GET \S+\/old: 302, .*^2\. GET \S+\/new: 200, /ms);
    expect(tablesIn(stdout)).toHaveLength(2);
  });

  it('says in one sentence why there was no answer, and how far it came', async () => {
    const url = 'http://nobody.invalid/';
    const { code, stdout, stderr } = await run(url);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^\nhttp:\/\/nobody\.invalid\/ could not be read: getaddrinfo .*nobody\.invalid\n$/,
    );
    expect(tablesIn(stdout)).toEqual([['queue', 'dns', 'total']]);
  });

  it('says that an answer broke off', async () => {
    const { code, stdout, stderr } = await run(`http://localhost:${plain.port}/broken`);
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining('could not be read: ')]]);
    expect(tablesIn(stdout)).toEqual([everyPhase.filter((name) => name !== 'receive')]);
  });

  it.each([['nothing'], ['no URL', 'example'], ['a URL of something else', 'file:///etc/passwd']])(
    'given %s, says how it is used',
    async (_title, ...args) => {
      expect(await run(...args)).toEqual({
        code: 2,
        stdout: '',
        stderr: 'usage: node client-timings.js <url>, where the URL begins with http:// or https://\n',
      });
    },
  );

  it('is less than 40 lines', () => {
    expect(readFileSync(example, 'utf8').split('\n').length).toBeLessThan(40);
  });
});
