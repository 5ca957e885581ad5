import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../httptrace/servers.ts';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of undo.splice(0)) await stop();
});

async function collect(tls?: ServerOptions): Promise<Collector> {
  const collector = await Collector.start(tls);
  undo.push(() => collector.stop());
  return collector;
}

/** A script that makes one span, run to its end. */
async function runScript(env: Record<string, string>): Promise<Program> {
  const program = new Program(['--import', 'sonde/register', 'e2e/programs/script.mjs'], env);
  undo.push(() => program.kill());
  expect(await program.ended).toBe(0);
  expect(program.stdout).toBe('the script is done\n');
  return program;
}

describe('by the variables of OTLP', () => {
  it.each([
    ['http/json', 'application/json'],
    ['http/protobuf', 'application/x-protobuf'],
  ])(
    'spans arrive as %s, compressed, with the headers that were given and no other',
    async (protocol, type) => {
      const collector = await collect();
      const program = await runScript({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url.replace('//', '//user:geheim@'),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        // The last one is no header: OpenTelemetry's exporter, left to itself, fails at it.
        OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=general,x-more=a%20b,x y=geheim',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'X-Tenant=special',
      });
      expect(collector.problems).toEqual([]);
      expect(collector.spans.map(({ name }) => name)).toEqual(['step 0']);
      expect(collector.headers[0]).toMatchObject({
        'content-type': type,
        'content-encoding': 'gzip',
        authorization: `Basic ${Buffer.from('user:geheim').toString('base64')}`,
        'x-tenant': 'special',
        'x-more': 'a b',
      });
      expect(program.stderr).toMatch(
        /^sonde: OTEL_EXPORTER_OTLP_HEADERS has something as entry 3 that is no header, .*\n$/,
      );
      expect(program.stderr).not.toContain('geheim');
    },
  );
});

it.each(['json', 'protobuf'])(
  'headers and credentials are on no page and in no log, as http/%s',
  async (form) => {
    const collector = await collect();
    const program = new Program(['--import', 'sonde/register', 'e2e/programs/server.mjs'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url.replace('//', '//user:geheim@')}/elsewhere?key=geheim`,
      OTEL_EXPORTER_OTLP_PROTOCOL: `http/${form}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=geheim',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'broken geheim',
      OTEL_EXPORTER_OTLP_HEADER: 'geheim',
      OTEL_BSP_SCHEDULE_DELAY: '10',
      SONDE_LOG: 'debug',
    });
    undo.push(() => program.kill());
    const [, port] = await program.prints(/listening on (\d+)/);
    await (await fetch(`http://localhost:${port}/orders/7`)).text();
    // The collector takes spans elsewhere, and answers with what it was asked.
    await program.prints(/no spans can be delivered/);
    expect(collector.headers[0]?.['api-key']).toBe('geheim');
    for (const page of ['sonde', 'sonde.json', 'sonde.txt', 'requests.json', 'download']) {
      const text = await (await fetch(`http://localhost:${port}/debug/${page}`)).text();
      expect(text.length).toBeGreaterThan(100);
      expect(text).not.toContain('geheim');
    }
    expect(program.stderr).not.toContain('geheim');
  },
);

describe('by other exporters', () => {
  it('OTEL_TRACES_EXPORTER=console,otlp prints spans, and sends them', async () => {
    const collector = await collect();
    const program = new Program(['--import', 'sonde/register', 'e2e/programs/script.mjs'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_EXPORTER: 'console,otlp',
    });
    undo.push(() => program.kill());
    expect(await program.ended).toBe(0);
    expect(program.stderr).toBe('');
    expect(program.stdout).toMatch(/name: 'step 0'/);
    expect(collector.spans.map(({ name }) => name)).toEqual(['step 0']);
  });

  it('what start() is given gets all sampled spans, and is shut down', async () => {
    const program = new Program(['e2e/programs/exporters.mjs'], { OTEL_SERVICE_NAME: 'app' });
    undo.push(() => program.kill());
    expect(await program.ended).toBe(0);
    expect(JSON.parse(program.stdout)).toEqual({
      first: ['step 0', 'step 1'],
      second: ['step 0', 'step 1'],
      shutDown: 2,
      endpoints: ['ListExporter', 'ListExporter'],
    });
    expect(program.stderr).toMatch(/^sonde: app · http:.* · spans go to ListExporter, ListExporter\n$/);
  });
});

it('with SONDE_SPILL_FILE a program that found no collector has its spans sent by the next one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-spill-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  const env = { SONDE_SPILL_FILE: join(folder, 'spill.ndjson') };
  const gone = await Collector.start();
  const { url } = gone;
  await gone.stop();
  await runScript({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: url });
  const collector = await collect();
  const program = await runScript({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await collector.until((spans) => spans.length === 2);
  expect(collector.problems).toEqual([]);
  expect(program.stderr).toBe('');
});

describe('by TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-otlp-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  let server: { key: string; cert: string };
  let client: { key: string; cert: string };

  beforeAll(async () => {
    server = await selfSigned();
    client = await selfSigned();
    writeFileSync(file('ca.pem'), server.cert);
    writeFileSync(file('client.pem'), client.cert);
    writeFileSync(file('client.key'), client.key);
    writeFileSync(file('other.key'), server.key);
  });

  it('spans arrive at a collector that asks for a certificate of the client', async () => {
    const collector = await collect({
      ...server,
      ca: client.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const program = await runScript({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem'),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem'),
      OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: file('client.key'),
    });
    expect(program.stderr).toBe('');
    expect(collector.spans).toHaveLength(1);
  });

  it('a collector that nobody trusts gets nothing, and that is said once', async () => {
    const collector = await collect(server);
    const program = await runScript({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    expect(program.stderr).toMatch(/^sonde: no spans can be delivered to https:.* \(.*CERT.*\); .*\n$/);
    expect(collector.spans).toEqual([]);
  });

  it.each([
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: 'missing.pem' },
      /is ".*missing.pem", which cannot be read \(ENOENT\)/,
    ],
    [{ OTEL_EXPORTER_OTLP_CERTIFICATE: 'client.key' }, /is ".*client.key", which holds no certificate/],
    [
      { OTEL_EXPORTER_OTLP_CLIENT_KEY: 'client.key' },
      /means nothing without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE/,
    ],
    [
      { OTEL_EXPORTER_OTLP_CLIENT_KEY: 'other.key', OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: 'client.pem' },
      /is not the key of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE \(ERR_OSSL_X509_KEY_VALUES_MISMATCH\)/,
    ],
  ])('with %j one sentence is said, the program goes on, and spans arrive', async (files, sentence) => {
    const collector = await collect();
    const paths = Object.entries(files).map(([name, path]) => [name, file(path)]);
    const program = await runScript({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ...Object.fromEntries(paths),
    });
    expect(program.stderr).toMatch(sentence);
    expect(program.stderr.trim().split('\n')).toHaveLength(1);
    expect(collector.spans).toHaveLength(1);
  });
});
