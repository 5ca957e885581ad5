import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newTrace } from '../new-trace.ts';
import type { Trace } from '../trace.ts';
import { BUCKET_BOUNDS, BUCKET_COUNT, ERROR_BUCKET } from './buckets.ts';
import { BYTES_PER_FAMILY } from './family.ts';
import type { Request } from './request.ts';
import { type AnyRequest, RequestStore, type RequestStoreOptions } from './request-store.ts';
import { RequestsProcessor } from './requests-processor.ts';

const FAMILIES = ['a', 'b', 'c'];
const step = fc.oneof(
  fc.record({ do: fc.constant('span' as const), family: fc.constantFrom(...FAMILIES) }),
  fc.record({ do: fc.constant('trace' as const), family: fc.constantFrom(...FAMILIES) }),
  fc.record({ do: fc.constant('child' as const), of: fc.nat(), text: fc.nat({ max: 500 }) }),
  fc.record({
    do: fc.constant('end' as const),
    which: fc.nat(),
    seconds: fc.constantFrom(0, 0.049, 0.05, 0.7, 1, 200),
    failed: fc.boolean(),
    text: fc.nat({ max: 2_000 }),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The same in the plainest way: everything is kept, and looked through when somebody asks. */
interface Told {
  readonly name: string;
  readonly family: string;
  readonly span: Span | undefined;
  readonly trace: Trace | undefined;
  start: number;
  took: number;
  failed: boolean;
  children: string[];
}

function play(steps: readonly Step[], options: RequestStoreOptions) {
  let now = 1_700_000_000;
  const store = new RequestStore({ ...options, now: () => now * 1000 });
  const processor = new RequestsProcessor(store);
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  const running: Told[] = [];
  const finished: Told[] = [];
  const check = () => {
    const sum = [...store.everything()].reduce((bytes, { bytes: more }) => bytes + more, 0);
    expect(store.bytes).toBe(sum + store.listFamilies().length * BYTES_PER_FAMILY);
  };
  for (const [index, one] of steps.entries()) {
    now += 1_000;
    const name = `${index}`;
    const more = { name, start: now, took: 0, failed: false, children: [] };
    if (one.do === 'span') {
      const span = tracer.startSpan(one.family, { startTime: [now, 0], attributes: { name } }, ROOT_CONTEXT);
      running.push({ ...more, family: one.family, span, trace: undefined });
    } else if (one.do === 'trace') {
      const byHand = newTrace(one.family, name, store);
      running.push({ ...more, family: one.family, span: undefined, trace: byHand });
    } else if (one.do === 'child') {
      const all = [...running, ...finished].filter(({ span }) => span !== undefined);
      const parent = all[one.of % all.length];
      if (parent?.span === undefined) continue;
      const child = tracer.startSpan(name, {}, trace.setSpan(ROOT_CONTEXT, parent.span));
      child.setAttribute('text', 'x'.repeat(one.text)).end();
      parent.children.push(name);
    } else {
      const [told] = running.splice(one.which % Math.max(running.length, 1), 1);
      if (told === undefined) continue;
      told.failed = one.failed;
      if (told.span !== undefined) {
        told.took = one.seconds;
        if (one.failed) told.span.setStatus({ code: SpanStatusCode.ERROR });
        told.span.setAttribute('text', 'x'.repeat(one.text));
        const whole = Math.floor(one.seconds);
        told.span.end([told.start + whole, Math.round((one.seconds - whole) * 1e9)]);
      } else {
        told.took = now - told.start;
        if (one.failed) told.trace?.setError();
        told.trace?.finish();
      }
      finished.push(told);
    }
    check();
  }
  return { store, running, finished };
}

const nameOf = (request: AnyRequest) =>
  request.kind === 'spans' ? (request.root.attributes['name'] as string) : request.title;
const childrenOf = (request: AnyRequest) => (request as Request).spans.map(({ name }) => name);

it('with room for all, holds what the plainest store would hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, perBucket) => {
      const { finished, running, store } = play(steps, { perBucket });
      expect(store.active().map(nameOf)).toEqual(running.map(({ name }) => name));
      for (const { children, name, span } of running) {
        if (span === undefined) continue;
        const kept = store.active().find((request) => nameOf(request) === name) as AnyRequest;
        expect(childrenOf(kept)).toEqual(children);
      }
      for (const family of FAMILIES) {
        for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
          const inIt = finished.filter(
            (told) =>
              told.family === family &&
              (bucket === ERROR_BUCKET ? told.failed : told.took >= (BUCKET_BOUNDS[bucket] as number)),
          );
          const kept = store.family(family)?.newestFirst(bucket).map(nameOf) ?? [];
          expect(kept).toEqual(
            inIt
              .slice(-perBucket)
              .map(({ name }) => name)
              .reverse(),
          );
          expect(store.family(family)?.totals[bucket] ?? 0).toBe(inIt.length);
        }
        const histogram = store.family(family)?.latency.over('total', 0);
        const all = finished.filter((told) => told.family === family);
        expect(histogram?.count ?? 0).toBe(all.length);
        expect(histogram?.sum ?? 0).toBeCloseTo(
          all.reduce((sum, { took }) => sum + took * 1e6, 0),
          0,
        );
      }
      expect(store.drops.evictedRequests).toBe(0);
    }),
  );
});

it('with hardly any room, counts to the byte, stays within it but for what runs, and says what went', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat({ max: 8_000 }), (steps, room) => {
      const maxBytes = 6 * BYTES_PER_FAMILY + room;
      const { finished, store } = play(steps, { maxBytes, maxFamilies: 3 });
      const kept = [...store.everything()];
      const active = store.active().length;
      if (kept.length > active) expect(store.bytes).toBeLessThanOrEqual(maxBytes);
      const gone = finished.length - (kept.length - active);
      expect(store.drops.evictedRequests).toBeLessThanOrEqual(gone);
      for (const request of kept) expect(request.places).toBeGreaterThan(0);
    }),
  );
});
