import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of undo.splice(0)) await stop();
});

/** The files that a program had loaded when it ended: V8 tells of each in its coverage. */
async function filesOf(program: string, env: Record<string, string> = {}): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-start-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  const running = new Program(['--import', 'sonde/register', `e2e/programs/${program}`], {
    NODE_V8_COVERAGE: folder,
    NODE_ENV: 'production',
    ...env,
  });
  undo.push(() => running.kill());
  expect(await running.ended).toBe(0);
  expect(running.stderr).toBe('');
  return readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
}

const ofOpenTelemetry = (files: readonly string[]): string[] =>
  files.filter((file) => /@opentelemetry\/(?!api\/)/.test(file));

it('a start loads neither what makes the pages nor what exports', async () => {
  const files = await filesOf('quiet.mjs');
  expect(files.some((file) => file.includes('/sonde/dist/'))).toBe(true);
  expect(files.filter((file) => file.includes('/page-maker'))).toEqual([]);
  expect(ofOpenTelemetry(files)).toEqual([]);
});

it('a start loads none of Node’s heavier modules', async () => {
  const program = new Program(['--import', 'sonde/register', 'e2e/programs/builtins.mjs'], {
    NODE_ENV: 'production',
  });
  undo.push(() => program.kill());
  expect(await program.ended).toBe(0);
  expect(JSON.parse(program.stdout)).toEqual([]);
});

it('TLS that is loaded after the start is watched from the next connection on', async () => {
  const program = new Program(['--import', 'sonde/register', 'e2e/programs/late-tls.mjs']);
  undo.push(() => program.kill());
  expect(await program.ended).toBe(0);
  expect(JSON.parse(program.stdout)).toEqual({ before: false, watched: true });
});

it('what makes the pages is loaded when somebody opens one', async () => {
  const files = await filesOf('visits-itself.mjs');
  expect(files.filter((file) => file.includes('/page-maker'))).toHaveLength(1);
});

it('the exporter is loaded when there is something to export', async () => {
  const collector = await Collector.start();
  undo.push(() => collector.stop());
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  expect(ofOpenTelemetry(await filesOf('quiet.mjs', env))).toEqual([]);
  expect(ofOpenTelemetry(await filesOf('script.mjs', env))).toContainEqual(
    expect.stringContaining('/exporter-trace-otlp-http/'),
  );
  expect(collector.spans).toHaveLength(1);
});

/** Runs a program to its end, and answers what it said on stderr. */
async function saidBy(args: string[], env: Record<string, string> = {}): Promise<string> {
  const program = new Program(args, env);
  undo.push(() => program.kill());
  expect(await program.ended).toBe(0);
  expect(program.stdout).toMatch(/^the (?:program goes on|script is done)\n$/);
  return program.stderr;
}

const registered = (program: string): string[] => ['--import', 'sonde/register', `e2e/programs/${program}`];

describe('what is wrong is said in one sentence, and the program goes on:', () => {
  it('an SDK that is set up after Sonde', async () => {
    expect(await saidBy(registered('late-sdk.mjs'))).toMatch(
      /^sonde: another OpenTelemetry SDK was set up after Sonde and is not used, so its exporters get no spans; .*\n$/,
    );
  });

  it.each(['required', 'imported'])('a newer copy of the api that is %s after Sonde’s', async (how) => {
    const program = new Program(['--import', 'sonde/register', 'interop/otel3/newer-api.mjs', how], {
      NODE_ENV: 'production',
    });
    undo.push(() => program.kill());
    await program.prints(/does not see.*\n/);
    expect(program.stdout).toBe('the program goes on\n');
    expect(program.stderr).toMatch(
      /^sonde: @opentelemetry\/api 1\.10\.\d+ at .*api does not see what version 1\.9\.\d+ has registered, so its spans record nothing: .*\n$/,
    );
  });

  it('a newer copy of the api that was used before', async () => {
    expect(await saidBy(['e2e/programs/newer-api-first.mjs'])).toMatch(
      /^sonde: version 1\.10\.\d+ of @opentelemetry\/api was used first in this process, .*\n$/,
    );
  });

  it('a variable that makes no sense', async () => {
    const env = { OTEL_TRACES_SAMPLER: 'sometimes', NODE_ENV: 'production' };
    expect(await saidBy(registered('script.mjs'), env)).toMatch(
      /^sonde: OTEL_TRACES_SAMPLER is "sometimes", .*\n$/,
    );
    expect(await saidBy(registered('script.mjs'), { ...env, SONDE_LOG: 'error' })).toBe('');
  });
});

describe('SONDE_LOG', () => {
  it.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'production', SONDE_LOG: 'info' }, true],
    [{ SONDE_LOG: 'warn' }, false],
    [{ OTEL_LOG_LEVEL: 'ERROR' }, false],
  ])('with %j it is told where the page is: %s', async (env, told) => {
    const program = new Program(registered('server.mjs'), env as Record<string, string>);
    undo.push(() => program.kill());
    const [, port] = await program.prints(/listening on (\d+)/);
    if (told) await program.prints(/debug\/requests/);
    await (await fetch(`http://localhost:${port}/`)).text();
    program.kill('SIGTERM');
    await program.ended;
    expect(program.stderr).toMatch(told ? /^sonde: .* · spans stay in this process\n$/ : /^$/);
  });

  it('debug tells what is said through the api’s diag', async () => {
    expect(await saidBy(registered('late-sdk.mjs'), { SONDE_LOG: 'debug' })).toMatch(
      /^sonde: error: Error: @opentelemetry\/api: Attempted duplicate registration of API: trace/m,
    );
  });
});
