import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

const programs: Program[] = [];
const collectors: Collector[] = [];

function run(args: string[], env: Record<string, string> = {}): Program {
  const program = new Program(args, env);
  programs.push(program);
  return program;
}

async function collect(): Promise<Collector> {
  const collector = await Collector.start();
  collectors.push(collector);
  return collector;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const probe = createServer().listen(0);
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

afterEach(async () => {
  for (const program of programs.splice(0)) program.kill();
  for (const collector of collectors.splice(0)) await collector.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
async function getJson(url: string): Promise<any> {
  return (await fetch(url)).json();
}

const registered = (program: string, ...args: string[]) => [
  '--import',
  'sonde/register',
  `e2e/programs/${program}`,
  ...args,
];

describe('without a line of code', () => {
  it.each([
    ['--import into ESM', '--import', 'server.mjs'],
    ['--import into CommonJS', '--import', 'server.cjs'],
    ['--require into ESM', '--require', 'server.mjs'],
    ['--require into CommonJS', '--require', 'server.cjs'],
  ])('%s: requests and spans by hand are on the page, on the app’s own port', async (_name, flag, file) => {
    const program = run([flag, 'sonde/register', `e2e/programs/${file}`], { OTEL_SERVICE_NAME: 'app' });
    const [, port] = await program.prints(/listening on (\d+)/);
    const origin = `http://localhost:${port}`;
    expect(await (await fetch(`${origin}/orders/7`)).text()).toBe('the application\n');
    const requests = await getJson(`${origin}/debug/requests.json`);
    expect(requests).toMatchObject({
      service: 'app',
      families: [{ family: 'GET /orders/:id', buckets: [{ total: 1 }, {}, {}, {}, {}, {}, {}, {}, {}] }],
    });
    const list = await getJson(`${origin}/debug/requests.json?fam=GET+/orders/:id&b=0`);
    const view = await getJson(`${origin}/debug/requests/trace/${list.requests[0].traceId}.json`);
    const [request, work] = view.spans;
    expect(request).toMatchObject({
      kind: 'server',
      name: 'GET',
      attributes: { 'http.response.status_code': 200 },
    });
    expect(work).toMatchObject({
      name: 'work',
      parentSpanId: request.spanId,
      attributes: { 'work.for': '/orders/7' },
    });
  });

  it('visits to the pages are no requests of the application', async () => {
    const program = run(registered('server.mjs'));
    const [, port] = await program.prints(/listening on (\d+)/);
    for (let i = 0; i < 3; i++) await (await fetch(`http://localhost:${port}/debug/requests`)).text();
    const { families } = await getJson(`http://localhost:${port}/debug/requests.json`);
    expect(families).toEqual([]);
  });

  it('in development, one line on stderr tells where the page is', async () => {
    const program = run(registered('server.mjs'), { OTEL_SERVICE_NAME: 'app' });
    const [, port] = await program.prints(/listening on (\d+)/);
    await program.prints(/debug\/requests/);
    expect(program.stderr).toBe(
      `sonde: app · http://localhost:${port}/debug/requests · spans stay in this process\n`,
    );
  });

  it('in production, nothing is said', async () => {
    const program = run(registered('server.mjs'), { NODE_ENV: 'production' });
    const [, port] = await program.prints(/listening on (\d+)/);
    await (await fetch(`http://localhost:${port}/`)).text();
    program.kill('SIGTERM');
    expect(await program.ended).toBe('SIGTERM');
    expect(program.stderr).toBe('');
  });

  it('SONDE_DISABLED=1 leaves the program as it is', async () => {
    const program = run(registered('server.mjs'), { SONDE_DISABLED: '1' });
    const [, port] = await program.prints(/listening on (\d+)/);
    expect(await (await fetch(`http://localhost:${port}/debug/requests`)).text()).toBe('the application\n');
    expect(program.stderr).toBe('');
  });

  it('an idle program is not kept alive', async () => {
    const program = run(registered('script.mjs'));
    expect(await program.ended).toBe(0);
    expect(program.stdout).toBe('the script is done\n');
    expect(program.stderr).toBe('');
  });

  it('an unhandled error is as fatal as it was', async () => {
    const program = run(registered('unhandled.mjs'));
    expect(await program.ended).toBe(1);
    expect(program.stderr).toContain('ECONNREFUSED');
  });
});

describe('SONDE_DEBUG=context', () => {
  it('says once where a span has lost its request', async () => {
    const program = run(registered('lost-context.mjs'), { SONDE_DEBUG: 'context', NODE_ENV: 'production' });
    const [, port] = await program.prints(/listening on (\d+)/);
    for (let i = 0; i < 3; i++) await (await fetch(`http://localhost:${port}/`)).text();
    program.kill('SIGKILL');
    await program.ended;
    expect(program.stderr).toMatch(
      /^sonde: span "write row" starts without a parent while 1 request\(s\) are being served; .*\n {4}at .*lost-context\.mjs:11/,
    );
    expect(program.stderr.match(/^sonde:/gm)).toHaveLength(1);
  });
});

describe('a sampler', () => {
  it('decides what is exported, not what is on the page', async () => {
    const collector = await collect();
    const program = run(registered('server.mjs'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'always_off',
    });
    const [, port] = await program.prints(/listening on (\d+)/);
    await (await fetch(`http://localhost:${port}/a`)).text();
    const { families } = await getJson(`http://localhost:${port}/debug/requests.json`);
    expect(families).toMatchObject([{ family: 'GET /a' }]);
    program.kill('SIGTERM');
    expect(await program.ended).toBe('SIGTERM');
    expect(collector.spans).toEqual([]);
  });
});

describe('with a collector', () => {
  it('spans arrive, with service and parents, when the program ends by itself', async () => {
    const collector = await collect();
    const program = run(registered('script.mjs', '100'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'script',
    });
    expect(await program.ended).toBe(0);
    expect(program.stderr).toBe('');
    expect(collector.problems).toEqual([]);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 100 }, (_, i) => `step ${i}`).sort(),
    );
    expect(new Set(collector.spans.map(({ service }) => service))).toEqual(new Set(['script']));
    expect(collector.spans.every(({ scope }) => scope === '@sonde/core')).toBe(true);
  });

  it('of requests no span tells of the export itself', async () => {
    const collector = await collect();
    const program = run(registered('server.mjs'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    const [, port] = await program.prints(/listening on (\d+)/);
    await (await fetch(`http://localhost:${port}/a`)).text();
    await collector.until((spans) => spans.length >= 2);
    await (await fetch(`http://localhost:${port}/b`)).text();
    const spans = await collector.until((spans) => spans.length >= 4);
    expect(spans.map(({ name }) => name).sort()).toEqual(['GET', 'GET', 'work', 'work']);
    for (const work of spans.filter(({ name }) => name === 'work')) {
      const parent = spans.find(({ spanId }) => spanId === work.parentSpanId);
      expect(parent).toMatchObject({ name: 'GET', traceId: work.traceId, kind: 2 });
    }
    const { active, families } = await getJson(`http://localhost:${port}/debug/requests.json`);
    expect(families.map(({ family }: { family: string }) => family)).toEqual(['GET /a', 'GET /b']);
    expect(active.total).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'spans arrive before the program dies of %s, as it would have',
    async (signal) => {
      const collector = await collect();
      const program = run(registered('forever.mjs'), { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
      await program.prints(/running/);
      program.kill(signal);
      expect(await program.ended).toBe(signal);
      expect(collector.spans.map(({ name }) => name)).toEqual(['started']);
    },
  );

  it('a program that handles SIGTERM itself goes its own way, and the spans arrive', async () => {
    const collector = await collect();
    const program = run(registered('forever.mjs', 'graceful'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    await program.prints(/running/);
    program.kill('SIGTERM');
    expect(await program.ended).toBe(7);
    expect(collector.spans.map(({ name }) => name)).toEqual(['started']);
  });

  it.each(['3', '4'])(
    'a program that cleans up by signal-exit %s dies of SIGTERM as it did',
    async (version) => {
      const collector = await collect();
      const program = run(registered('signal-exit.mjs', version), {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      });
      await program.prints(/running/);
      program.kill('SIGTERM');
      expect(await program.ended).toBe('SIGTERM');
      expect(program.stdout).toBe('running\ncleaned up for SIGTERM\n');
      expect(collector.spans.map(({ name }) => name)).toEqual(['started']);
    },
  );

  it('spans that are made after the program seemed to be done arrive too', async () => {
    const collector = await collect();
    const program = run(registered('before-exit.mjs'), { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    expect(await program.ended).toBe(0);
    expect(collector.spans.map(({ name }) => name)).toEqual(['first', 'last']);
  });
});

describe('with a collector that takes spans and never answers', () => {
  it.each(['script.mjs', 'forever.mjs'])('%s ends all the same', async (file) => {
    const silent = createServer((socket) => void socket.on('error', () => {}).resume()).listen(0);
    await once(silent, 'listening');
    const program = run(registered(file), {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      // So long would the official exporter wait, and this test would time out.
      OTEL_EXPORTER_OTLP_TIMEOUT: '300000',
    });
    if (file === 'forever.mjs') {
      await program.prints(/running/);
      program.kill('SIGTERM');
    }
    expect(await program.ended).toBe(file === 'forever.mjs' ? 'SIGTERM' : 0);
    silent.close();
  });
});

describe('with a collector that is not there', () => {
  it('says so once and goes on, and ends when the program ends', async () => {
    const port = await deadPort();
    const program = run(registered('script.mjs', '5'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      // So long would the official exporter hold the process for its retries, and this test would time out.
      OTEL_EXPORTER_OTLP_TIMEOUT: '300000',
    });
    expect(await program.ended).toBe(0);
    expect(program.stdout).toBe('the script is done\n');
    expect(program.stderr).toBe(
      `sonde: no spans can be delivered to http://127.0.0.1:${port}/v1/traces (ECONNREFUSED); the program goes on, and up to 32 MiB of them wait until it answers\n`,
    );
  });

  it('serves requests all the same, through many failed exports', async () => {
    const program = run(registered('server.mjs'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await deadPort()}`,
      OTEL_BSP_SCHEDULE_DELAY: '10',
      NODE_ENV: 'production',
    });
    const [, port] = await program.prints(/listening on (\d+)/);
    await program.prints(/no spans can be delivered/);
    for (let i = 0; i < 50; i++) {
      expect(await (await fetch(`http://localhost:${port}/${i}`)).text()).toBe('the application\n');
    }
    program.kill('SIGTERM');
    expect(await program.ended).toBe('SIGTERM');
    expect(program.stderr.replaceAll(/\d{2,}/g, 'N')).toMatch(
      /^sonde: no spans can be delivered .*\nsonde: N spans are lost with the end of the process: .* \(ECONNREFUSED\)\n$/,
    );
  });

  it('an endpoint that is no URL is said, and nothing else happens', async () => {
    const program = run(registered('script.mjs'), { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' });
    expect(await program.ended).toBe(0);
    expect(program.stderr).toBe(
      'sonde: OTEL_EXPORTER_OTLP_ENDPOINT is "localhost:4318", expected a URL like http://localhost:4318; no spans are exported\n',
    );
  });
});

describe('in code', () => {
  it('starts once, and takes everything out again', async () => {
    const program = run(['e2e/programs/lifecycle.mjs']);
    expect(await program.ended).toBe(0);
    const off = { emit: false, channels: [], recording: false, signals: 0, diag: true, timers: 0 };
    const on = {
      ...off,
      emit: true,
      channels: ['http.server.request.start', 'undici:request:create'],
      recording: true,
      diag: false,
    };
    expect(JSON.parse(program.stdout)).toEqual({
      before: off,
      same: true,
      during: on,
      after: off,
      another: true,
      again: on,
    });
  });

  it('beside another SDK says so in one sentence and leaves it alone', async () => {
    const program = run(['e2e/programs/other-sdk.mjs']);
    expect(await program.ended).toBe(0);
    expect(program.stdout).toBe('the program goes on\n');
    expect(program.stderr).toMatch(/^sonde: another OpenTelemetry SDK is registered in this process, .*\n$/);
  });
});
