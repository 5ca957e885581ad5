import { EventEmitter } from 'node:events';
import {
  baggageEntryMetadataFromString,
  DiagLogLevel,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as carrying from './index.ts';

function boom(): never {
  throw new Error('boom');
}

/** Made in the test itself: fast-check could not look at some of them and live. */
function hostileValues(): unknown[] {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const throwing = new Proxy({}, { get: boom, set: boom, has: boom, ownKeys: boom, getPrototypeOf: boom });
  return [
    revoked,
    throwing,
    { get: boom, set: boom, keys: boom },
    { get: () => throwing, set: boom, keys: () => [throwing] },
    { get: () => [revoked], set() {}, keys: () => ['uberctx-a', Symbol('s')] },
    { getValue: boom, setValue: boom, deleteValue: boom },
    { getValue: () => throwing, setValue: () => null, deleteValue: () => null },
    { getValue: () => 7 },
    trace.setSpan(ROOT_CONTEXT, throwing as never),
    trace.setSpanContext(ROOT_CONTEXT, {
      traceId: 7,
      spanId: {},
      traceFlags: 'x',
      traceState: revoked,
    } as never),
    propagation.setBaggage(ROOT_CONTEXT, { getAllEntries: boom } as never),
    propagation.setBaggage(
      ROOT_CONTEXT,
      propagation.createBaggage({ a: undefined as never, b: { value: 7 } as never }),
    ),
    new Proxy(() => {}, { get: boom, getPrototypeOf: boom }),
    Object.assign(() => {}, { bind: 7, apply: 7, call: 7 }),
    { [Symbol.toStringTag]: 'Generator', next: 7 },
    { emit: boom },
    Object.freeze({ emit() {} }),
    Object.freeze(new EventEmitter()),
    ROOT_CONTEXT,
    defaultTextMapGetter,
    defaultTextMapSetter,
    { inject: boom, extract: boom, fields: boom },
    { propagators: [null, 7, throwing, { inject: boom, extract: boom, fields: boom }] },
    { traceparent: throwing, tracestate: revoked, baggage: [[]], b3: 1n, 'uber-trace-id': Symbol('s') },
    Symbol('s'),
    'text',
    7,
    null,
    undefined,
  ];
}

type Make = () => unknown;
const anything: fc.Arbitrary<Make> = fc.oneof(
  fc.nat({ max: hostileValues().length - 1 }).map((i) => () => hostileValues()[i]),
  fc.anything({ withBigInt: true, withNullPrototype: true }).map((value) => () => value),
);

beforeEach(() => {
  diag.setLogger({ error: boom, warn: boom, info() {}, debug() {}, verbose() {} }, DiagLogLevel.ALL);
});
afterEach(() => diag.disable());

const propagators = {
  W3CTraceContextPropagator: new carrying.W3CTraceContextPropagator(),
  W3CBaggagePropagator: new carrying.W3CBaggagePropagator(),
  'B3Propagator, single': new carrying.B3Propagator(),
  'B3Propagator, multi': new carrying.B3Propagator({ injectEncoding: 'multi' }),
  JaegerPropagator: new carrying.JaegerPropagator(),
  CompositePropagator: new carrying.CompositePropagator({
    propagators: [new carrying.W3CTraceContextPropagator(), { inject: boom, extract: boom, fields: boom }],
  }),
};

const { carrierGetter, carrierSetter, environmentGetter, environmentSetter } = carrying;
const carriers = { carrierGetter, carrierSetter, environmentGetter, environmentSetter };

const everything = carrying.propagatorFromNames('tracecontext,baggage');
const headers = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=1 ,b=2',
  baggage: 'a=1;p , b=%C3%A4',
};

type Call = (...args: unknown[]) => unknown;
const functions = {
  propagatorFromNames: carrying.propagatorFromNames as Call,
  injectEnvironment: carrying.injectEnvironment as Call,
  extractEnvironment: carrying.extractEnvironment as Call,
};

type AnyClass = new (...args: unknown[]) => unknown;
const classes = {
  B3Propagator: carrying.B3Propagator as AnyClass,
  CompositePropagator: carrying.CompositePropagator as AnyClass,
};

/** Calls with all kinds of arguments. */
function neverThrows(call: (...args: unknown[]) => unknown): void {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 4 }), (list) => {
      call(...list.map((make) => make()));
    }),
    { numRuns: 300 },
  );
}

describe('whatever it is given, no exception comes out of', () => {
  it.each(Object.entries(propagators))('%s', (_name, propagator) => {
    neverThrows((...args) => {
      propagator.inject(...(args as [never, never, never]));
      const context = propagator.extract(...(args as [never, never, never]));
      expect(typeof context.getValue).toBe('function');
    });
  });

  it.each(Object.entries(carriers))('%s', (_name, carrier) => {
    for (const method of Object.values(carrier) as Call[]) {
      neverThrows((first, ...args) => method(first, 'traceparent', ...args));
    }
  });

  it.each(Object.entries(functions))('%s', (_name, call) => {
    neverThrows((...args) => call(...args.filter((arg) => typeof arg !== 'function')));
  });

  it.each(Object.entries(classes))('new %s', (_name, Class) => {
    neverThrows((...args) => new Class(...args));
  });

  it('what was extracted: context, baggage and tracestate', () => {
    neverThrows((first, ...args) => {
      const context = everything.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const baggage = propagation.getBaggage(context);
      const traceState = trace.getSpanContext(context)?.traceState;
      for (const object of [context, baggage, traceState] as object[]) {
        for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(object))) {
          const method = Reflect.get(object, name);
          if (name === 'constructor' || typeof method !== 'function') continue;
          const result: unknown = Reflect.apply(method, object, [first, ...args]);
          if (name === 'setEntry' || name === 'set') expect(result).toBeInstanceOf(object.constructor);
        }
      }
      const out = {};
      everything.inject(context, out, defaultTextMapSetter);
      expect(out).toMatchObject(headers);
    });
  });

  it('the context manager, but what the function that it calls throws', () => {
    const manager = new carrying.AsyncLocalStorageContextManager();
    neverThrows((context, target, ...args) => {
      manager.with(context as never, target as never, ...(args as []));
      const bound: unknown = manager.bind(context as never, target);
      if (typeof bound === 'function') Reflect.apply(bound, undefined, args);
      manager.attach(context as never).dispose();
      expect(typeof manager.active().getValue).toBe('function');
    });
    expect(() => manager.with(ROOT_CONTEXT, boom)).toThrow('boom');
  });
});

describe('any header at all', () => {
  const header = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(fc.constantFrom('a', '=', ',', ';', ' ', '\t', '%', '-', '0', '1', 'f', ':', '@', '"', 'ä'), {
        maxLength: 80,
      })
      .map((parts) => parts.join('')),
  );
  const names = ['traceparent', 'tracestate', 'baggage', 'b3', 'x-b3-traceid', 'uber-trace-id', 'uberctx-a'];

  it('is read without an exception, and what goes on is legal in a header', () => {
    const all = carrying.propagatorFromNames('tracecontext,baggage,b3,b3multi,jaeger');
    const headers = fc.dictionary(fc.constantFrom(...names), header);
    fc.assert(
      fc.property(headers, (given) => {
        const valid = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', ...given };
        const context = all.extract(ROOT_CONTEXT, valid, defaultTextMapGetter);
        trace.getSpanContext(context)?.traceState?.get('a');
        propagation.getBaggage(context)?.getAllEntries();
        const out: Record<string, string> = {};
        all.inject(context, out, defaultTextMapSetter);
        for (const value of Object.values(out)) expect(value).toMatch(/^[\t\x20-\x7e]*$/);
      }),
      { numRuns: 1_000 },
    );
  });

  /** Ten times the length costs about ten times the work; a quadratic parser would be at it for minutes. */
  it.each([
    ['blanks', ' '.repeat(1_000_000)],
    ['blanks and a letter', `${' '.repeat(1_000_000)}a`],
    ['commas', ','.repeat(1_000_000)],
    ['members', 'a=1,'.repeat(250_000)],
    ['blanks within a member', `a=${' b'.repeat(500_000)}`],
    ['equals signs', '='.repeat(1_000_000)],
    ['per cent signs', `a=${'%'.repeat(1_000_000)}`],
    ['semicolons', `a=1${';'.repeat(1_000_000)}`],
    ['hexadecimal', 'a'.repeat(1_000_000)],
    ['dashes', '-'.repeat(1_000_000)],
    ['members, each in a field of its own', Array(250_000).fill('a=1')],
    ['bytes', Buffer.alloc(1_000_000, 'a=1,')],
  ])('of a million characters comes to its end: %s', (_name, value) => {
    const all = carrying.propagatorFromNames('tracecontext,baggage,b3,b3multi,jaeger');
    const given = {
      ...Object.fromEntries(names.map((name) => [name, value])),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    const context = all.extract(ROOT_CONTEXT, given, defaultTextMapGetter);
    trace.getSpanContext(context)?.traceState?.get('a');
    const out: Record<string, string> = {};
    all.inject(context, out, defaultTextMapSetter);
    expect(out['traceparent']).toBe(given.traceparent);
  });

  it.each(['%', ';', '=', ';=', ' ', 'ä', '\ud83d', ',', '\n', 'p=1;'])(
    'baggage whose texts have a million of %j comes to its end, too',
    (part) => {
      const value = part.repeat(1_000_000 / part.length);
      const metadata = baggageEntryMetadataFromString(value);
      const entries = {
        a: { value },
        b: { value: '1', metadata },
        [value]: { value: '1' },
        c: { value: '2' },
      };
      const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));
      const out: Record<string, string> = {};
      carrying.propagatorFromNames('baggage,jaeger').inject(context, out, defaultTextMapSetter);
      expect(out).toMatchObject({ baggage: 'b=1,c=2', 'uberctx-b': '1', 'uberctx-c': '2' });
    },
  );
});
