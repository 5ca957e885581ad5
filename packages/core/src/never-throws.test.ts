import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, DiagLogLevel, diag, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anything, boom, type Make } from '../../../test/support/hostile.ts';
import * as core from './index.ts';

const args = fc.array(anything, { maxLength: 4 });

type Method = (...args: unknown[]) => unknown;

const misbehaving = {
  onStart: boom,
  onEnding: boom,
  onEnd: boom,
  forceFlush: boom as never,
  shutdown: (() => Promise.reject(new Error('no'))) as never,
};

beforeEach(() => {
  const storage = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, thisArg, ...rest) => storage.run(active, () => fn.apply(thisArg as never, rest)),
    bind: (_context, target) => target,
    enable: () => undefined as never,
    disable: () => undefined as never,
  });
  // Even the logger to which all of this is told throws.
  diag.setLogger(
    { error: boom, warn: boom, info() {}, debug() {}, verbose() {} },
    { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
  );
  trace.setGlobalTracerProvider(new core.TracerProvider({ spanProcessors: [misbehaving] }));
});
afterEach(() => {
  trace.disable();
  context.disable();
  diag.disable();
});

function neverThrows(call: Method, given: fc.Arbitrary<Make[]> = args): void {
  fc.assert(
    fc.property(given, (list) => {
      call(...list.map((make) => make()));
    }),
    { numRuns: 200 },
  );
}

/** Leaves functions out, which are called, and may throw of their own right. */
const uncalled =
  (call: Method): Method =>
  (...given) =>
    call(...given.filter((value) => typeof value !== 'function'));

const provider = new core.TracerProvider({ spanProcessors: [misbehaving] });
const tracer = provider.getTracer('t');

describe('whatever it is given, no exception comes out of', () => {
  it.each([
    'setAttribute',
    'setAttributes',
    'addEvent',
    'addLink',
    'addLinks',
    'setStatus',
    'updateName',
    'recordException',
    'end',
    'isRecording',
    'spanContext',
  ])('span.%s', (name) => {
    neverThrows((...given) => {
      const span = tracer.startSpan('x') as unknown as Record<string, Method>;
      span[name]?.(...given);
      const readable = span as unknown as core.ReadableSpan;
      JSON.stringify([readable.startTime, readable.duration, readable.status, readable.name]);
      tracer.startSpan('y', {}, trace.setSpan(ROOT_CONTEXT, span as never)).end();
    });
  });

  it.each(['startSpan', 'startActiveSpan', 'enabled'])('tracer.%s', (name) => {
    neverThrows(uncalled((...given) => (tracer as unknown as Record<string, Method>)[name]?.(...given)));
  });

  /** Whatever stands before it, a function that is given last is run, once, and its result is answered. */
  const runsOnce = (call: (...args: unknown[]) => unknown, given: fc.Arbitrary<Make[]>) =>
    neverThrows((...before) => {
      let runs = 0;
      const answer = call(...before, () => {
        runs++;
        // Whoever is in here must be able to go on.
        tracer.startSpan('inside').end();
        return 'ran';
      });
      expect([answer, runs]).toEqual(['ran', 1]);
    }, given);

  it.each([1, 2, 3])('tracer.startActiveSpan and a function, as argument %i + 1', (length) => {
    const before = fc.array(anything, { minLength: length, maxLength: length });
    runsOnce((...given) => (tracer.startActiveSpan as Method)(...given), before);
  });

  it.each([1, 2])('withSpan and a function, as argument %i + 1', (length) => {
    const before = fc.array(anything, { minLength: length, maxLength: length });
    runsOnce((...given) => (core.withSpan as Method)(...given), before);
  });

  it('a traced function, and its generators', () => {
    neverThrows((...given) => {
      const [name, options] = given;
      const traced = (fn: (...args: unknown[]) => unknown) =>
        (core.traced as Method)(fn, options) as typeof fn;
      const named = Object.defineProperty((...all: unknown[]) => all.length, 'name', { value: name });
      expect(traced(named)(...given)).toBe(given.length);
      const generator = traced(function* each(...all: unknown[]) {
        yield all.length;
      });
      expect([...(generator(...given) as Iterable<number>)]).toEqual([given.length]);
    });
  });

  it.each(['getTracer', 'forceFlush'])('provider.%s', (name) => {
    neverThrows((...given) => (provider as unknown as Record<string, Method>)[name]?.(...given));
  });

  it('provider.shutdown', () => {
    neverThrows((...given) => {
      const made = new core.TracerProvider({ spanProcessors: [misbehaving] });
      const running = made.getTracer('t').startSpan('x');
      void (made.shutdown as Method)(...given);
      running.end();
      (made.getTracer('t').startSpan as Method)(...given);
    });
  });

  it.each([
    'withSpan',
    'startSpan',
    'annotate',
    'recordAll',
    'isTracingSuppressed',
    'suppressTracing',
    'resourceFromAttributes',
  ])('%s', (name) => {
    neverThrows(uncalled((...given) => (core as unknown as Record<string, Method>)[name]?.(...given)));
  });

  it('a resource', () => {
    neverThrows((attributes, other) => {
      const resource = core.resourceFromAttributes(attributes as never);
      resource
        .merge(other as never)
        .merge(resource)
        .getRawAttributes();
    });
  });

  it('a detector of context loss', () => {
    neverThrows((options, ...given) => {
      const detector = new core.ContextLossDetector(options as never);
      const watched = new core.TracerProvider({ spanProcessors: [detector] }).getTracer('t');
      const span = (watched.startSpan as Method)(...given) as core.Span;
      span.end();
      (span.setAttribute as Method)(...given);
    });
  });

  it('the samplers, asked directly', () => {
    neverThrows((made, ...question) => {
      const inner = { shouldSample: boom, toString: boom };
      for (const sampler of [
        new core.AlwaysOnSampler(),
        new core.AlwaysOffSampler(),
        new core.TraceIdRatioBasedSampler(made as never),
        new core.TraceIdRatioBasedSampler(0.5),
        new core.ParentBasedSampler(made as never),
        new core.ParentBasedSampler({ root: inner }),
        core.recordAll(made as never),
        core.recordAll(inner),
      ]) {
        expect([0, 1, 2]).toContain(
          ((sampler.shouldSample as Method)(...question) as core.SamplingResult).decision,
        );
        expect(typeof String(sampler)).toBe('string');
      }
    });
  });

  it('the generator of random ids', () => {
    neverThrows((...given) => {
      const generator = new (
        core.RandomIdGenerator as never as new (
          ...args: unknown[]
        ) => core.RandomIdGenerator
      )(...given);
      expect((generator.generateTraceId as Method)(...given)).toMatch(/^[0-9a-f]{32}$/);
      expect((generator.generateSpanId as Method)(...given)).toMatch(/^[0-9a-f]{16}$/);
    });
  });

  it('processors, samplers and generators whose methods cannot be read', () => {
    const method = fc.constantFrom<string[]>(
      'onStart',
      'onEnd',
      'onEnding',
      'forceFlush',
      'shutdown',
      'shouldSample',
      'generateTraceId',
      'generateSpanId',
      'isTraceIdRandom',
    );
    fc.assert(
      fc.property(fc.array(method), fc.constantFrom('get', 'getPrototypeOf', 'has'), (unreadable, trap) => {
        const given = new Proxy(
          {
            ...misbehaving,
            shouldSample: () => ({ decision: 2 }),
            generateTraceId: () => 'x',
            generateSpanId: boom,
          },
          {
            [trap]: (target: Record<string, unknown>, name?: string) =>
              name !== undefined && !unreadable.includes(name) ? target[name] : boom(),
          },
        ) as never;
        const made = new core.TracerProvider({
          spanProcessors: [given],
          sampler: core.recordAll(new core.ParentBasedSampler({ root: given })),
          idGenerator: given,
        });
        new core.TracerProvider({ sampler: given }).getTracer('t').startSpan('x').end();
        made.getTracer('t').startSpan('x').end();
        void made.shutdown();
      }),
    );
  });

  it('traced', () => {
    neverThrows((...given) => (core.traced as Method)(...given));
  });

  it('a provider that is made of it, its tracers and their spans', () => {
    const keys = ['spanProcessors', 'sampler', 'resource', 'spanLimits', 'idGenerator'];
    const option = fc.tuple(fc.constantFrom(...keys), anything);
    const options = fc.oneof(
      anything,
      fc.array(option).map((list) => () => Object.fromEntries(list.map(([key, make]) => [key, make()]))),
    );
    neverThrows(
      (...given) => {
        const made = new core.TracerProvider(...(given as []));
        const span = made.getTracer('t').startSpan('x', { attributes: { a: 1 } });
        span.end();
        expect(span.spanContext().spanId).toMatch(/^[0-9a-f]{16}$/);
      },
      fc.array(options, { maxLength: 1 }),
    );
  });

  it('a sampler, whatever it answers and is made of', () => {
    neverThrows((answer, ...given) => {
      const sampler = { shouldSample: () => answer as never, toString: () => 'any' };
      new core.TracerProvider({ sampler }).getTracer('t').startSpan('x').end();
      const parentBased = new core.ParentBasedSampler(...(given as [never]));
      new core.TracerProvider({ sampler: parentBased }).getTracer('t').startSpan('x').end();
      String(new core.TraceIdRatioBasedSampler(...(given as [never])));
    });
  });

  it('an id generator, whatever it answers', () => {
    neverThrows((traceId, spanId, random) => {
      const idGenerator = {
        generateTraceId: () => traceId as string,
        generateSpanId: () => spanId as string,
        isTraceIdRandom: () => random as boolean,
      };
      const span = new core.TracerProvider({ idGenerator }).getTracer('t').startSpan('x');
      expect(span.spanContext().traceId).toMatch(/^[0-9a-f]{32}$/);
    });
  });
});

it('takes no time for an array that only claims to be long', () => {
  const long = new Array(50_000_000);
  const span = tracer.startSpan('x', { links: long, attributes: { long } }) as unknown as core.Span;
  span
    .setAttribute('later', long)
    .setAttributes(long as never)
    .addLinks(long)
    .addEvent('e', { long });
  expect(span.attributes).toEqual({});
  expect(span.links).toEqual([]);
  expect(span.droppedLinksCount).toBe(2 * (50_000_000 - 10_000));
});

it('keeps of any attributes only what an exporter can carry', () => {
  fc.assert(
    fc.property(anything, anything, (value, attributes) => {
      const span = tracer.startSpan('x', { attributes: attributes() as never }) as unknown as core.Span;
      span.setAttribute('value', value() as never).end();
      expectCarried(span.attributes, 0);
    }),
    { numRuns: 500 },
  );
});

function expectCarried(value: unknown, depth: number): void {
  expect(depth).toBeLessThanOrEqual(66);
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Uint8Array)
    return;
  expect(typeof value).toBe('object');
  const prototype = Object.getPrototypeOf(value);
  expect([Object.prototype, Array.prototype]).toContain(prototype);
  for (const key of Object.keys(value as object)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    expect(descriptor.get).toBeUndefined();
    expectCarried(descriptor.value, depth + 1);
  }
}
