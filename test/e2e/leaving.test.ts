import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../httptrace/servers.ts';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

const STEPS = Array.from({ length: 5_000 }, (_, i) => `step ${i}`).sort();
/** What we say, and where we are in a stack: the repository may lie in a folder of that name, too. */
const OURS = /sonde: |packages\/sonde\//;
const undo: (() => unknown)[] = [];

async function collect(tls?: { key: string; cert: string }): Promise<Collector> {
  const collector = await Collector.start(tls);
  undo.push(() => collector.stop());
  return collector;
}

function leave(
  way: string,
  endpoint: string,
  { count = '5000', env = {}, flags = [] as string[] } = {},
): Program {
  const args = [...flags, '--import', 'sonde/register', 'e2e/programs/leaving.mjs', way, count];
  const program = new Program(args, {
    NODE_ENV: 'production',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    // Nothing leaves before the end.
    OTEL_BSP_SCHEDULE_DELAY: '600000',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100000',
    OTEL_BSP_MAX_QUEUE_SIZE: '100000',
    ...env,
  });
  undo.push(() => program.kill());
  return program;
}

/** Names of the spans that arrived, each once: what was on its way when the process left may come twice. */
const arrived = ({ spans }: Collector) => [...new Set(spans.map(({ name }) => name))].sort();

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  for (const stop of undo.splice(0)) await stop();
});

describe('5,000 spans that nothing has sent yet arrive when the process leaves', () => {
  it.each([
    ['end', 0],
    ['exit', 3],
    ['exit in a timer', 3],
    ['exit in a request', 3],
    ['exit in a listener', 4],
    ['catch the uncaught', 5],
  ])('by "%s", with code %i', async (way, code) => {
    const collector = await collect();
    const program = leave(way, collector.url);
    expect(await program.ended).toBe(code);
    expect(program.stderr).toBe('');
    expect(collector.problems).toEqual([]);
    expect(arrived(collector)).toEqual(expect.arrayContaining(STEPS));
  });

  it('and those that its own exit listeners end', async () => {
    const collector = await collect();
    const program = leave('exit with a listener', collector.url);
    expect(await program.ended).toBe(4);
    expect(program.stdout).toBe('leaving with 0\n');
    expect(arrived(collector)).toEqual(['in a listener', ...STEPS]);
  });

  it.each(['throw', 'throw in a timer', 'reject'])('by "%s", with code 1 and the stack', async (way) => {
    const collector = await collect();
    const program = leave(way, collector.url);
    expect(await program.ended).toBe(1);
    expect(program.stderr).toMatch(/nobody catches this\n {4}at .*leaving\.mjs:/);
    expect(program.stderr).not.toMatch(OURS);
    expect(arrived(collector)).toEqual(STEPS);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s, and of that it dies', async (signal) => {
    const collector = await collect();
    const program = leave('stay', collector.url);
    await program.prints(/running/);
    program.kill(signal);
    expect(await program.ended).toBe(signal);
    expect(program.stderr).toBe('');
    expect(arrived(collector)).toEqual(STEPS);
  });

  it.each([
    ['exit at SIGTERM', 7, 'running\n'],
    ['close at SIGTERM', 'SIGTERM', 'running\n'],
    ['clean up at SIGTERM', 'SIGTERM', 'running\ncleaned up\n'],
    ['signal-exit', 'SIGTERM', 'running\ncleaned up for SIGTERM\n'],
  ])('by SIGTERM with a handler of its own: "%s"', async (way, end, stdout) => {
    const collector = await collect();
    const program = leave(way, collector.url);
    await program.prints(/running/);
    program.kill('SIGTERM');
    expect(await program.ended).toBe(end);
    expect(program.stdout).toBe(stdout);
    expect(arrived(collector)).toEqual(STEPS);
  });

  it.each([
    ['exit of a cluster worker', 'the worker ended with 3\n'],
    ['exit of a thread', 'the thread ended with 3\n'],
  ])('by the %s', async (way, stdout) => {
    const collector = await collect();
    const program = leave(way, collector.url);
    expect(await program.ended).toBe(0);
    expect(program.stdout).toBe(stdout);
    expect(program.stderr).toBe('');
    expect(arrived(collector)).toEqual(STEPS);
  });

  it.each([
    ['exit with the spans of a thread', 3],
    ['stay with the spans of a thread', 'SIGTERM'],
  ])('from a thread that the process takes with it ("%s")', async (way, end) => {
    const collector = await collect();
    const program = leave(way, collector.url);
    if (end === 'SIGTERM') {
      await program.prints(/running/);
      program.kill('SIGTERM');
    }
    expect(await program.ended).toBe(end);
    expect(program.stderr).toBe('');
    expect(arrived(collector)).toEqual(STEPS);
  });

  it('but for those of a thread that never hears of it: that one is not waited for', async () => {
    const collector = await collect();
    const program = leave('exit while a thread is busy', collector.url);
    expect(await program.ended).toBe(3);
    expect(program.stderr).toBe('');
  });

  it('while others of them are on their way', async () => {
    const collector = await collect();
    const program = leave('exit in a timer', collector.url, {
      env: { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512' },
    });
    expect(await program.ended).toBe(3);
    expect(arrived(collector)).toEqual(STEPS);
  });
});

const permissions = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

describe('where there may be no thread (--permission)', () => {
  const flags = [
    permissions,
    '--allow-fs-read=*',
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
  ];

  it.each([
    ['end', 0],
    ['stay', 'SIGTERM'],
  ])('spans arrive by the event loop ("%s")', async (way, end) => {
    const collector = await collect();
    const program = leave(way, collector.url, { flags });
    if (way === 'stay') {
      await program.prints(/running/);
      program.kill('SIGTERM');
    }
    expect(await program.ended).toBe(end);
    expect(arrived(collector)).toEqual(STEPS);
  });

  it('process.exit() is what it was', async () => {
    const collector = await collect();
    const program = leave('exit', collector.url, { flags });
    expect(await program.ended).toBe(3);
    expect(program.stderr).not.toMatch(OURS);
    expect(collector.problems).toEqual([]);
  });
});

describe('the last spans', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-leaving-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['end', 0],
    ['exit', 3],
    ['throw', 1],
  ])('arrive once if they were not on their way ("%s")', async (way, code) => {
    const collector = await collect();
    const program = leave(way, collector.url, { count: '100' });
    expect(await program.ended).toBe(code);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 100 }, (_, i) => `step ${i}`).sort(),
    );
  });

  it.each([
    ['http/json', 'application/json'],
    ['http/protobuf', 'application/x-protobuf'],
  ])('go as %s by TLS, compressed, with headers', async (protocol, type) => {
    const tls = await selfSigned();
    const certificate = join(folder, 'ca.pem');
    writeFileSync(certificate, tls.cert);
    const collector = await collect(tls);
    const program = leave('exit', collector.url, {
      env: {
        OTEL_EXPORTER_OTLP_CERTIFICATE: certificate,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=one',
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      },
    });
    expect(await program.ended).toBe(3);
    expect(program.stderr).toBe('');
    expect(collector.problems).toEqual([]);
    expect(arrived(collector)).toEqual(STEPS);
    expect(collector.headers[0]).toMatchObject({
      'content-type': type,
      'content-encoding': 'gzip',
      'x-tenant': 'one',
    });
  });

  it('go to a collector that the system trusts, where the program asks Node to', async () => {
    const tls = await selfSigned();
    const authorities = join(folder, 'system.pem');
    writeFileSync(authorities, tls.cert);
    const collector = await collect(tls);
    const isNew = process.allowedNodeEnvironmentFlags.has('--use-system-ca');
    const program = leave('exit', collector.url, {
      count: '1',
      flags: [isNew ? '--use-system-ca' : '--use-openssl-ca'],
      env: { SSL_CERT_FILE: authorities },
    });
    expect(await program.ended).toBe(3);
    expect(program.stderr).toBe('');
    expect(arrived(collector)).toEqual(['step 0']);
  });

  it('are sent again to a collector that has no time for a moment', async () => {
    let requests = 0;
    const busy = createHttpServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(++requests === 1 ? 503 : 200).end());
    });
    const program = leave('exit', await listen(busy), { count: '1' });
    expect(await program.ended).toBe(3);
    expect(program.stderr).toBe('');
    expect(requests).toBe(2);
  });

  it('are counted as lost where the collector refuses them', async () => {
    const broken = createHttpServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(404).end('<html>'));
    });
    const url = await listen(broken);
    const program = leave('exit', url, { count: '10' });
    expect(await program.ended).toBe(3);
    expect(program.stderr).toBe(
      `sonde: 10 spans are lost with the end of the process: ${url}/v1/traces did not take them (HTTP 404)\n`,
    );
  });

  it('are in the file that was given for them where nobody is, when a signal ends the process', async () => {
    const nobody = createServer();
    const url = await listen(nobody);
    await new Promise((resolve) => nobody.close(resolve));
    const file = join(folder, 'spill.ndjson');
    const program = leave('stay', url, { count: '10', env: { SONDE_SPILL_FILE: file } });
    await program.prints(/running/);
    program.kill('SIGTERM');
    expect(await program.ended).toBe('SIGTERM');
    const names = [...readFileSync(file, 'utf8').matchAll(/"name":"(step \d)"/g)].map(([, name]) => name);
    expect(names).toEqual(Array.from({ length: 10 }, (_, i) => `step ${i}`));
    expect(program.stderr).not.toContain('lost');
  });

  it('are counted as lost where nobody is', async () => {
    const nobody = createServer();
    const url = await listen(nobody);
    await new Promise((resolve) => nobody.close(resolve));
    const program = leave('exit in a timer', url, { count: '10' });
    expect(await program.ended).toBe(3);
    expect(program.stderr).toMatch(
      /^sonde: no spans can be delivered to .* \(ECONNREFUSED\); .*\nsonde: 10 spans are lost with the end of the process: .* did not take them \(ECONNREFUSED\)\n$/,
    );
  });

  /** A collector that takes everything and never answers, and when the first spans came. */
  async function silence(): Promise<{ url: string; asked: Promise<void> }> {
    let tell: () => void;
    const asked = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const url = await listen(createServer((socket) => void socket.on('error', () => {}).on('data', tell)));
    return { url, asked };
  }

  it.each([
    ['exit', 3],
    ['throw', 1],
    ['stay', 'SIGTERM'],
  ])('are not waited for for ever where nobody answers ("%s")', async (way, end) => {
    const { url } = await silence();
    const program = leave(way, url, { count: '10' });
    if (way === 'stay') {
      await program.prints(/running/);
      program.kill('SIGTERM');
    }
    expect(await program.ended).toBe(end);
    expect(program.stderr).toContain(
      `sonde: 10 spans are lost with the end of the process: ${url}/v1/traces did not take them (no answer)\n`,
    );
  });

  it('are not waited for at all when the signal comes again', async () => {
    const { asked, url } = await silence();
    const program = leave('stay', url, { count: '10' });
    await program.prints(/running/);
    program.kill('SIGTERM');
    await asked;
    program.kill('SIGTERM');
    expect(await program.ended).toBe('SIGTERM');
    // Nobody was there any more to say what is lost.
    expect(program.stderr).toBe('');
  });

  it('arrive without a preload of the program in the thread that sends them', async () => {
    const collector = await collect();
    const preload = join(folder, 'preload.cjs');
    writeFileSync(preload, "console.error('preloaded')");
    const program = leave('exit', collector.url, {
      env: { NODE_OPTIONS: `--require ${preload} --import sonde/register`, NODE_ENV: 'development' },
    });
    expect(await program.ended).toBe(3);
    expect(program.stderr.match(/^preloaded$/gm)).toHaveLength(1);
    expect(program.stderr.match(/^sonde: /gm) ?? []).toHaveLength(0);
    expect(arrived(collector)).toEqual(STEPS);
  });
});

describe('an exporter of the program’s own', () => {
  it.each([
    ['end', 0, 'exported the only one\n'],
    ['stay', 'SIGTERM', 'running\nexported the only one\n'],
  ])('has its time when the program leaves ("%s")', async (way, end, stdout) => {
    const program = new Program(['e2e/programs/own-exporter.mjs', way], { NODE_ENV: 'production' });
    undo.push(() => program.kill());
    if (way === 'stay') {
      await program.prints(/running/);
      program.kill('SIGTERM');
    }
    expect(await program.ended).toBe(end);
    expect(program.stdout).toBe(stdout);
  });
});
