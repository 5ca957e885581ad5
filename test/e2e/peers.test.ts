import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { sentencesOf } from '../support/peer-notes.ts';
import { Program } from '../support/program.ts';

/** A process of its own, and where it listens. */
interface Service {
  readonly program: Program;
  readonly url: string;
}

let runtime: string;
const programs: Program[] = [];
const servers: Server[] = [];

beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'sonde-peers-'));
});
afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.kill();
    await program.ended;
  }
  for (const server of servers.splice(0)) server.close();
  rmSync(runtime, { recursive: true, force: true });
});

async function start(name: string, env: Record<string, string> = {}): Promise<Service> {
  const program = new Program(['--import', 'sonde/register', 'e2e/programs/forwards.mjs'], {
    OTEL_SERVICE_NAME: name,
    XDG_RUNTIME_DIR: runtime,
    ...env,
  });
  programs.push(program);
  const [, port] = await program.prints(/listening on (\d+)/);
  return { program, url: `http://127.0.0.1:${port}` };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
type Json = any;

async function json(url: string): Promise<Json> {
  return (await fetch(url)).json();
}

/** The trace of the latest request of a service, as its page tells it; asked again while somebody is too busy to answer. */
async function latestTrace({ url }: Service): Promise<Json> {
  const { families } = await json(`${url}/debug/requests.json`);
  const family = encodeURIComponent(families[0].family);
  const { requests } = await json(`${url}/debug/requests.json?fam=${family}&b=0`);
  for (;;) {
    const trace = await json(`${url}/debug/requests/trace/${requests[0].traceId}.json`);
    if (!trace.notes.some(({ sentence }: Json) => sentence.includes('within 1 s'))) return trace;
  }
}

const services = ({ spans }: Json): string[] => spans.map(({ kind, service }: Json) => `${service} ${kind}`);
const announced = (): string[] => {
  const directory = join(runtime, 'sonde');
  return existsSync(directory) ? readdirSync(directory) : [];
};

describe('processes of one user', () => {
  it('tell each other where their pages are, and no longer once they have ended', async () => {
    const { program, url } = await start('orders');
    const name = `${program.process.pid}-0.json`;
    expect(announced()).toEqual([name]);
    expect(JSON.parse(readFileSync(join(runtime, 'sonde', name), 'utf8'))).toEqual({
      url: `http://localhost:${new URL(url).port}/debug`,
      service: 'orders',
    });
    expect(statSync(join(runtime, 'sonde')).mode & 0o777).toBe(0o700);
    await fetch(`${url}/leave`);
    expect(await program.ended).toBe(0);
    expect(announced()).toEqual([]);
  });

  it.each([
    ['parentbased_always_on', 'whether a trace is exported'],
    ['parentbased_always_off', 'or not'],
  ])('show a trace as one (%s: %s)', async (OTEL_TRACES_SAMPLER) => {
    const orders = await start('orders', { OTEL_TRACES_SAMPLER });
    const gateway = await start('gateway', { OTEL_TRACES_SAMPLER, NEXT_URL: orders.url });
    await fetch(gateway.url);
    const trace = await latestTrace(gateway);
    expect(services(trace)).toEqual(['gateway server', 'gateway client', 'orders server']);
    expect(sentencesOf(trace)).toEqual([]);
    expect(services(await latestTrace(orders))).toEqual(services(trace));
  });

  it('neither tell nor ask with SONDE_DISCOVERY=off', async () => {
    const orders = await start('orders');
    const gateway = await start('gateway', { SONDE_DISCOVERY: 'off', NEXT_URL: orders.url });
    expect(announced()).toEqual([`${orders.program.process.pid}-0.json`]);
    await fetch(gateway.url);
    expect(services(await latestTrace(gateway))).toEqual(['gateway server', 'gateway client']);
  });

  it('say who was killed', async () => {
    const orders = await start('orders');
    const gateway = await start('gateway', { NEXT_URL: orders.url });
    orders.program.kill();
    await orders.program.ended;
    expect((await fetch(gateway.url)).status).toBe(502);
    const page = `http://localhost:${new URL(orders.url).port}/debug`;
    expect(sentencesOf(await latestTrace(gateway))).toEqual([
      `orders (${page}) has ended; what it knew of this trace went with it.`,
    ]);
  });

  it('say to whom nobody answers', async () => {
    const orders = await start('orders');
    const gateway = await start('gateway', { NEXT_URL: orders.url });
    await fetch(`${orders.url}/leave`);
    await orders.program.ended;
    await fetch(gateway.url);
    expect(sentencesOf(await latestTrace(gateway))).toEqual([
      `Nobody answers for localhost:${new URL(orders.url).port}, called by this trace; a process with Sonde can be listed in SONDE_PEERS.`,
    ]);
  });
});

describe('SONDE_PEERS', () => {
  const alone = { SONDE_DISCOVERY: 'off' };

  it('lists who is asked', async () => {
    const orders = await start('orders', alone);
    const gateway = await start('gateway', {
      ...alone,
      NEXT_URL: orders.url,
      SONDE_PEERS: `${orders.url}/debug`,
    });
    await fetch(gateway.url);
    const trace = await latestTrace(gateway);
    expect(services(trace)).toEqual(['gateway server', 'gateway client', 'orders server']);
    expect(trace.processes[1]).toMatchObject({ url: `${orders.url}/debug`, pid: orders.program.process.pid });
  });

  it('names those who do not answer, and why', async () => {
    const orders = await start('orders', alone);
    const gateway = await start('gateway', {
      ...alone,
      NEXT_URL: orders.url,
      SONDE_PEERS: `orders=${orders.url}/debug`,
    });
    orders.program.kill();
    await orders.program.ended;
    await fetch(gateway.url);
    const trace = await latestTrace(gateway);
    expect(sentencesOf(trace)).toEqual([`orders (${orders.url}/debug) did not answer: connection refused.`]);
    expect(services(trace)).toEqual(['gateway server', 'gateway client']);
  });

  it('is sent the token, which nobody else is', async () => {
    const heard: IncomingHttpHeaders[] = [];
    const peer = createServer((request, response) => {
      heard.push(request.headers);
      response.end('{"resourceSpans":[],"sonde":{}}\n');
    });
    servers.push(peer);
    await once(peer.listen(0, '127.0.0.1'), 'listening');
    const gateway = await start('gateway', {
      ...alone,
      SONDE_TOKEN: 'pages',
      SONDE_PEER_TOKEN: 'peers',
      SONDE_PEERS: `http://127.0.0.1:${(peer.address() as AddressInfo).port}`,
    });
    await fetch(gateway.url);
    await latestTrace(gateway);
    expect(heard.map(({ authorization }) => authorization)).toEqual(['Bearer peers']);
    // A question is no part of any trace.
    expect(Object.keys(heard[0] ?? {})).not.toContain('traceparent');
  });

  it('says in one sentence which of its entries is no address, and goes on', async () => {
    const { program } = await start('gateway', { SONDE_PEERS: 'orders:3001,http://127.0.0.1:1/debug' });
    expect(program.stderr.match(/^sonde: SONDE_PEERS .*$/gm)).toEqual([
      'sonde: SONDE_PEERS has "orders:3001", expected a URL like http://127.0.0.1:3001/debug, or name=URL; it is ignored',
    ]);
  });

  it('is asked without a span of it: what is exported are the requests of the application', async () => {
    const collector = await Collector.start();
    const env = { ...alone, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const orders = await start('orders', env);
    const gateway = await start('gateway', { ...env, NEXT_URL: orders.url, SONDE_PEERS: orders.url });
    await fetch(gateway.url);
    await latestTrace(gateway);
    for (const { program, url } of [gateway, orders]) {
      await fetch(`${url}/leave`);
      expect(await program.ended).toBe(0);
    }
    // The application's own: one request through both, and each one's end.
    const names = collector.spans.map(({ name }) => name);
    expect(names.sort()).toEqual(['GET', 'GET', 'GET', 'GET', 'GET']);
    expect(JSON.stringify(collector.spans)).not.toContain('otlp.jsonl');
    await collector.stop();
  });
});
