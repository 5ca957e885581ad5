import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';
import { makeProject, repository } from '../support/project.ts';
import { comparable } from '../support/story-told.ts';

/** As a user of OpenTelemetry 3.x has it, with api 1.10 as the one and only api. */
const project = makeProject('test/interop/otel3', ['core', 'context', 'http', 'debug']);

let collector: Collector;
let seen: Record<string, unknown>;

beforeAll(async () => {
  cpSync(repository('test/interop/programs/otel3.mjs'), join(project, 'program.mjs'));
  cpSync(repository('test/support/story.mjs'), join(project, 'story.mjs'));

  collector = await Collector.start();
  const program = new Program(['program.mjs', collector.url], {}, project);
  expect(await program.ended, program.stderr).toBe(0);
  seen = JSON.parse(program.stdout);
});

afterAll(async () => {
  await collector.stop();
  rmSync(project, { recursive: true });
});

describe('beside OpenTelemetry 3.x and api 1.10', () => {
  it('our spans arrive field for field like theirs', () => {
    expect(collector.problems).toEqual([]);
    expect(collector.spans).toHaveLength(4);
    const [theirs, ours] = [collector.spans.slice(0, 2), collector.spans.slice(2)].map(comparable);
    // Theirs says of the resource what it found out by itself; the spans are what is compared.
    const withoutService = (spans: typeof theirs) => spans?.map(({ service: _, ...span }) => span);
    expect(withoutService(ours)).toEqual(withoutService(theirs));
  });

  it.each(['our', 'their'])('our instrumentation and page work with %s context manager', (whose) => {
    expect(seen[`with ${whose} context manager`]).toEqual({
      chain: ['INTERNAL inner', 'INTERNAL work', 'SERVER GET', 'CLIENT GET'],
      families: ['GET /orders/:id', 'GET localhost'],
    });
  });

  it.each(['theirs in ours', 'ours in theirs'])('samplers plug in unchanged: %s', (which) => {
    expect((seen['sampled'] as Record<string, unknown>)[which]).toEqual([
      'on: 200',
      'off: 0',
      'half: about half',
      'parentBased: about half',
    ]);
  });

  it('the api finds the span that our context holds', () => {
    expect(seen['activeSpan']).toBe(true);
  });

  it('our context manager attaches, as api 1.10 allows', () => {
    expect([seen['attached'], seen['detached']]).toEqual(['attached', true]);
  });
});
