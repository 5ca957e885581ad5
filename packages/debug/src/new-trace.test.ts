import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, diag, ROOT_CONTEXT, trace as traceApi } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EventLog } from './event-log.ts';
import { fromContext, newContext, newEventLog, newTrace } from './new-trace.ts';
import { hrTimeOf } from './readable-span.ts';
import { registry } from './registry.ts';
import { RequestStore } from './requests/request-store.ts';
import { respond as steps } from './routes/respond.ts';
import type { PageRequest, PageSource } from './routes/route.ts';
import { atOnce } from './slices.ts';
import type { Trace } from './trace.ts';

const respond = (asked: PageRequest, source: PageSource) => atOnce(steps(asked, source));
const json = (store: RequestStore, path: string, query = '') => {
  const source = {
    store,
    process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
    now: hrTimeOf(store.now()),
  };
  const asked = { path, query: new URLSearchParams(query), accept: '', sensitive: true };
  return JSON.parse(respond(asked, source).body);
};

afterEach(() => {
  context.disable();
  diag.disable();
  vi.unstubAllEnvs();
});

it('a trace is listed from its begin, in the store that the pages show', () => {
  const trace = newTrace('mypkg.Foo', '/foo');
  const { requests } = registry();
  expect(json(requests, '/requests.json').active.shown).toMatchObject([
    { family: 'mypkg.Foo', title: '/foo', active: true, toldBy: 'lines' },
  ]);
  trace.finish();
  expect(json(requests, '/requests.json', 'fam=mypkg.Foo&b=0').requests).toHaveLength(1);
});

it('a block ends its trace and its log, also when they were finished on the way', () => {
  const store = new RequestStore();
  {
    using trace = newTrace('f', 't', store);
    using log = newEventLog('f', 't', store);
    trace.lazyPrintf('x');
    log.finish();
  }
  expect([store.activeCount, store.eventLogs.count]).toEqual([0, 0]);
  expect(store.family('f')?.totals[0]).toBe(1);
});

describe('the ids of a trace', () => {
  const storage = new AsyncLocalStorage<Context>();
  const manager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: <A extends unknown[], F extends (...args: A) => ReturnType<F>>(
      to: Context,
      fn: F,
      thisArg?: ThisParameterType<F>,
      ...args: A
    ) => storage.run(to, () => fn.call(thisArg, ...args)),
    bind: <T>(_context: Context, target: T) => target,
    enable: () => manager,
    disable: () => manager,
  };
  const span = new TracerProvider().getTracer('test').startSpan('around');
  const within = <T>(fn: () => T) => context.with(traceApi.setSpan(ROOT_CONTEXT, span), fn);

  it('are those of the span that is active at its begin', () => {
    context.setGlobalContextManager(manager);
    const store = new RequestStore();
    const trace = within(() => newTrace('f', 't', store));
    trace.finish();
    const { spanId, traceId } = span.spanContext();
    expect(json(store, '/requests.json', 'fam=f&b=0').requests).toMatchObject([{ traceId, spanId }]);
  });

  it('are those of setTraceInfo when it is called, and none without a span', () => {
    context.setGlobalContextManager(manager);
    const store = new RequestStore();
    const trace = within(() => newTrace('f', 't', store));
    trace.setTraceInfo('1'.repeat(32), '2'.repeat(16));
    trace.finish();
    newTrace('f', 'alone', store).finish();
    const { requests } = json(store, '/requests.json', 'fam=f&b=0');
    expect(requests[0]).not.toHaveProperty('traceId');
    expect(requests[1]).toMatchObject({ traceId: '1'.repeat(32), spanId: '2'.repeat(16) });
  });
});

it('a context carries a trace', () => {
  const trace = newTrace('f', 't', new RequestStore());
  const carrying = newContext(ROOT_CONTEXT, trace);
  expect(fromContext(carrying)).toBe(trace);
  expect(fromContext(ROOT_CONTEXT)).toBeUndefined();
  expect(fromContext()).toBeUndefined();
});

it('nothing is recorded with SONDE_DISABLED=1', () => {
  vi.stubEnv('SONDE_DISABLED', '1');
  const home = globalThis as unknown as Record<symbol, unknown>;
  const key = Symbol.for('sonde.debug.v1');
  const before = home[key];
  delete home[key];
  const store = new RequestStore();
  exercise(newTrace('f', 't', store), newEventLog('f', 't', store));
  expect([store.activeCount, store.bytes, store.eventLogs.count]).toEqual([0, 0, 0]);
  home[key] = before;
});

function exercise(trace: Trace, log: EventLog, ...args: unknown[]): void {
  const call = (target: object, ...methods: string[]) => {
    for (const method of methods) (target as Record<string, (...args: unknown[]) => void>)[method]?.(...args);
  };
  call(trace, 'lazyPrintf', 'lazyLog', 'setError', 'setTraceInfo', 'setMaxEvents');
  call(log, 'printf', 'errorf');
  call(trace, 'finish', 'finish', 'lazyPrintf', 'lazyLog');
  call(log, 'finish', 'finish', 'printf');
}

it('no argument makes any of it throw, then or on a page, even where the logger throws', () => {
  const fails = () => {
    throw new Error('no');
  };
  diag.setLogger({ warn: fails, error: fails, info: () => {}, debug: () => {}, verbose: () => {} });
  // Functions that make the values: fast-check looks into values, and these do not like it.
  const hostile = fc.oneof(
    fc
      .anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })
      .map((x) => () => x),
    fc.string({ unit: 'binary', maxLength: 3_000 }).map((text) => () => text),
    fc.constantFrom<() => unknown>(
      () => '%s %d %i %f %j %o %O %c %% %',
      () => Symbol('s'),
      () => fails,
      () => ({ toString: fails, toJSON: fails, [Symbol.toPrimitive]: fails }),
      () => new Proxy({}, { get: fails, ownKeys: fails, getPrototypeOf: fails, has: fails }),
      () => Object.defineProperty(new Error('x'), 'stack', { get: fails }),
      () => ({ [Symbol.for('nodejs.util.inspect.custom')]: fails }),
      () => new Proxy(class {}, { apply: fails }),
    ),
  );
  const store = new RequestStore({ maxBytes: 400_000, maxFamilies: 3, maxPinned: 5 });
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 5 }), (makers) => {
      const [family, title, ...args] = makers.map((make) => make());
      exercise(
        newTrace(family as string, title as string, store),
        newEventLog(family as string, title as string, store),
        ...args,
      );
      const running = newTrace('running', title as string, store);
      running.lazyPrintf(args[0] as string, ...args);
      running.lazyLog(args[1], args[0] as boolean);
      const log = newEventLog('log', title as string, store);
      log.errorf(args[0] as string, ...args);
      for (const path of ['/requests.json', '/requests.txt', '/requests']) {
        const asked = {
          path,
          query: new URLSearchParams('fam=running&b=-1&exp=1'),
          accept: '',
          sensitive: true,
        };
        const source = {
          store,
          process: { service: '', pid: 1, node: '', uptimeSeconds: 1 },
          now: hrTimeOf(store.now()),
        };
        expect(respond(asked, source).status).toBe(200);
        const events = {
          ...asked,
          path: path.replace('requests', 'events'),
          query: new URLSearchParams('fam=log&b=6&exp=1'),
        };
        expect(respond(events, source).status).toBe(200);
      }
      running.finish();
      log.finish();
      expect(store.bytes).toBeLessThanOrEqual(400_000);
    }),
    { numRuns: 300 },
  );
});
