import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
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
