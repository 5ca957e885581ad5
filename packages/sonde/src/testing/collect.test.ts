import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { type Span, startSpan, TracerProvider, withSpan } from '@sonde/core';
import { httpInstrumentation } from '@sonde/http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { collect } from './collect.ts';
import { CollectingProcessor } from './collecting-processor.ts';
import { Collection } from './collection.ts';
import type { CollectedSpan, SpanTree } from './span-tree.ts';

/** As a module of a user's has it, from before anything was registered. */
const moduleTracer = trace.getTracer('module');

/** Names, with what is below in brackets. */
const outline = (spans: readonly CollectedSpan[]): string =>
  spans
    .map(({ children, name }) => (children.length === 0 ? name : `${name}(${outline(children)})`))
    .join(' ');
const shape = ({ roots }: SpanTree): string => outline(roots);

/** What a test resolves when it likes. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function serving<T>(handler: RequestListener, run: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function isTraced(): boolean {
  const probe = startSpan('probe');
  const isRecording = probe.isRecording();
  probe.end();
  return isRecording;
}

describe('collect, where nothing traces', () => {
  it('answers the spans that a function caused, as a tree, and what the function answered', async () => {
    const spans = await collect(async () => {
      const sum = await withSpan('add', async () => {
        await withSpan('load', { kind: SpanKind.CLIENT, attributes: { rows: 2 } }, async () => {});
        return withSpan('store', () => 1 + 2);
      });
      withSpan('log', () => {});
      return sum;
    });
    expect(spans.value).toBe(3);
    expect(shape(spans)).toBe('add(load store) log');
    expect(spans.find('load')).toMatchObject({
      kind: 'client',
      attributes: { rows: 2 },
      status: { code: 'unset' },
      ended: true,
      parent: { name: 'add' },
      scope: '@sonde/core',
    });
    expect(spans.find('load')?.durationMs).toBeGreaterThanOrEqual(0);
    expect(spans.spans.map(({ name }) => name)).toEqual(['add', 'load', 'store', 'log']);
  });

  it('takes a function that is synchronous, and one without a span', async () => {
    expect(shape(await collect(() => withSpan('s', () => {})))).toBe('s');
    const none = await collect(() => 7);
    expect([none.value, shape(none), String(none)]).toEqual([7, '', 'no span']);
  });

  it('shows events, links, errors and what is not ended', async () => {
    const spans = await collect(
      async () => {
        const linked = startSpan('left open');
        await withSpan('fails', { links: [{ context: linked.spanContext() }] }, async (span) => {
          span.addEvent('retry', { attempt: 2 });
          throw new Error('no connection');
        }).catch(() => {});
      },
      { timeoutMillis: 0 },
    );
    const [open, fails] = spans.roots as [CollectedSpan, CollectedSpan];
    expect(open).toMatchObject({ name: 'left open', ended: false });
    expect(open.durationMs).toBeGreaterThanOrEqual(0);
    expect(spans.unended).toEqual([open]);
    expect(fails.status).toEqual({ code: 'error', message: 'no connection' });
    expect(fails.links).toEqual([{ traceId: open.traceId, spanId: open.spanId, attributes: {} }]);
    expect(fails.events.map(({ name }) => name)).toEqual(['retry', 'exception']);
    expect(fails.events[0]).toMatchObject({ attributes: { attempt: 2 } });
  });

  it('puts a request to a server of this process, and what that does, below its client span', async () => {
    await serving(
      (_request, response) => {
        withSpan('SELECT orders', () => {});
        response.end('7');
      },
      async (url) => {
        const spans = await collect(async () => (await fetch(`${url}/orders`)).text());
        expect(spans.value).toBe('7');
        expect(shape(spans)).toBe('GET(GET(SELECT orders))');
        expect(spans.spans.map(({ kind }) => kind)).toEqual(['client', 'server', 'internal']);
        expect([spans.orphans, spans.strays, spans.unended]).toEqual([[], [], []]);
      },
    );
  });

  it('waits for what is open when the function has settled, and for what begins meanwhile', async () => {
    const { open, opened } = gate();
    const collected = collect(
      () => {
        void withSpan('in the background', async () => {
          await opened;
          // Begins when this one ends.
          setImmediate(() => withSpan('after it', () => {}));
        });
      },
      { timeoutMillis: 60_000 },
    );
    setImmediate(open);
    expect(shape(await collected)).toMatch(/^in the background\(after it\)$/);
  });

  it('does not hang where a test has put fake timers in the place of the real ones', async () => {
    vi.useFakeTimers();
    try {
      const spans = await collect(() => void startSpan('left open'), { timeoutMillis: 5 });
      expect(spans.unended.map(({ name }) => name)).toEqual(['left open']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('takes everything away again', async () => {
    await collect(() => {
      expect(isTraced()).toBe(true);
      expect(httpInstrumentation()).toBeDefined();
      expect(propagation.fields()).toContain('traceparent');
    });
    expect(isTraced()).toBe(false);
    expect(httpInstrumentation()).toBeUndefined();
    expect(propagation.fields()).toEqual([]);
    expect(
      context.with(trace.setSpan(ROOT_CONTEXT, moduleTracer.startSpan('s')), () => context.active()),
    ).toBe(ROOT_CONTEXT);
  });

  it('hears a tracer that a module got before, in each of its runs, and records nothing between them', async () => {
    for (const name of ['first', 'second']) {
      expect(shape(await collect(() => moduleTracer.startSpan(name).end()))).toBe(name);
      expect(moduleTracer.startSpan('between').isRecording()).toBe(false);
    }
  });

  it('takes it away as well when the function throws or rejects, and hands that on as it is', async () => {
    const error = new Error('boom');
    await expect(collect(() => Promise.reject(error))).rejects.toBe(error);
    await expect(
      collect(() => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect(isTraced()).toBe(false);
  });

  it('keeps 10,000 spans, and says how many there were beyond', async () => {
    const make = (n: number) =>
      collect(() => {
        for (let i = 0; i < n; i++) startSpan('s').end();
      });
    const most = await make(10_000);
    expect([most.spans.length, most.leftOut]).toEqual([10_000, 0]);
    const more = await make(10_001);
    expect([more.spans.length, more.leftOut]).toEqual([10_000, 1]);
    expect(String(more)).toMatch(/\n\.\.\. and 9800 more\n\.\.\. and 1 beyond those that are kept$/);
  });

  it('remembers no more traces than spans', () => {
    const collection = new Collection(ROOT_CONTEXT);
    const tracer = new TracerProvider().getTracer('t');
    const roots = Array.from({ length: 10_001 }, () => tracer.startSpan('root', {}, ROOT_CONTEXT) as Span);
    for (const root of roots) collection.started(root);
    const began = roots.map((root) => collection.beganTrace(root.spanContext().traceId));
    expect([began.filter(Boolean).length, began.at(-1)]).toEqual([10_000, false]);
  });

  it.each([
    [undefined, {}, 'collect was given undefined, expected a function'],
    ['f', {}, 'collect was given "f", expected a function'],
    [Promise.resolve(), {}, 'collect was given a promise, expected a function'],
    [() => {}, { timeoutMillis: -1 }, 'timeoutMillis of collect is -1, expected a number of milliseconds'],
    [() => {}, { timeoutMillis: Number.NaN }, 'timeoutMillis of collect is NaN'],
    [() => {}, { timeoutMillis: '5' }, 'timeoutMillis of collect is "5"'],
  ])('refuses %o with %o in one sentence', async (fn, options, sentence) => {
    const failure = await collect(fn as () => void, options as object).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect(String(failure)).toContain(`sonde: ${sentence}`);
    expect(String(failure)).not.toContain('\n');
    expect(isTraced()).toBe(false);
  });
});

describe('several at once', () => {
  it('are told their own spans, in a server that they share, too', async () => {
    const both = gate();
    let waiting = 0;
    await serving(
      async ({ url }, response) => {
        await withSpan(`handle ${url}`, async () => {
          // Both requests are under way before either is answered.
          if (++waiting === 2) both.open();
          await both.opened;
        });
        response.end();
      },
      async (url) => {
        const ask = (path: string) => collect(async () => (await fetch(`${url}${path}`)).text());
        const [one, other] = await Promise.all([ask('/one'), ask('/other')]);
        expect(shape(one)).toBe('GET(GET(handle /one))');
        expect(shape(other)).toBe('GET(GET(handle /other))');
      },
    );
    expect(isTraced()).toBe(false);
  });

  it('are told apart within one trace', async () => {
    const provider = new TracerProvider({ spanProcessors: [] });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    trace.setGlobalTracerProvider(provider);
    const spans = await withSpan('suite', () =>
      Promise.all(['a', 'b'].map((name) => collect(() => withSpan(name, async () => {})))),
    );
    trace.disable();
    context.disable();
    expect(spans.map(shape)).toEqual(['a', 'b']);
    expect(spans.map(({ orphans }) => orphans)).toEqual([[], []]);
  });

  it('hear of the parent before the context: a pool may call back in that of somebody else', async () => {
    const { open, opened } = gate();
    let parent = context.active();
    const one = collect(() =>
      withSpan('one', async () => {
        parent = context.active();
        await opened;
      }),
    );
    const other = await collect(() => {
      context.with(trace.setSpan(context.active(), trace.getSpan(parent) as never), () =>
        withSpan('of one', () => {}),
      );
    });
    open();
    expect(shape(await one)).toBe('one(of one)');
    expect(shape(other)).toBe('');
  });

  it('one within another: the inner one is told its own, the outer one both', async () => {
    let inner: SpanTree | undefined;
    const outer = await collect(() =>
      withSpan('outer', async () => {
        inner = await collect(() => withSpan('inner', () => {}));
        withSpan('after', () => {});
      }),
    );
    expect(shape(inner as SpanTree)).toBe('inner');
    expect(shape(outer)).toBe('outer(inner after)');
    expect(inner?.orphans).toEqual([]);
  });

  it('a span that begins when its collect is over is nobody else’s', async () => {
    const { open, opened } = gate();
    let late: Promise<void> | undefined;
    await collect(() => {
      late = opened.then(() => withSpan('late', () => {}));
    });
    const next = await collect(async () => {
      open();
      await late;
      withSpan('own', () => {});
    });
    expect(shape(next)).toBe('own');
    expect(next.strays).toEqual([]);
  });
});

describe('a span with no link to the function', () => {
  it('is told as a stray, and as an orphan where it lost its context', async () => {
    const spans = await collect(() =>
      withSpan('GET /orders', () => {
        context.with(ROOT_CONTEXT, () => {
          withSpan('SELECT orders', () => withSpan('connect', () => {}));
          startSpan('GET /health', { kind: SpanKind.SERVER }).end();
        });
      }),
    );
    expect(shape(spans)).toBe('GET /orders');
    expect(outline(spans.strays)).toBe('SELECT orders(connect) GET /health');
    expect(outline(spans.orphans)).toBe('SELECT orders(connect)');
    expect(spans.find('SELECT')).toBeUndefined();
  });

  describe('whose code is run by somebody outside, as a pool may run its callbacks', () => {
    const callbacks: (() => void)[] = [];
    const pooled = (name: string): Promise<void> =>
      new Promise((resolve) => {
        callbacks.push(() => resolve(withSpan(name, () => {})));
      });
    /** Outside of any collect, once `count` wait. */
    async function drain(count: number): Promise<void> {
      while (callbacks.length < count) await new Promise((resolve) => setImmediate(resolve));
      for (const callback of callbacks.splice(0)) callback();
    }

    it('is told where there is one whose it may be', async () => {
      const collected = collect(() => withSpan('GET /orders', () => pooled('SELECT orders')));
      await drain(1);
      const spans = await collected;
      expect([shape(spans), outline(spans.orphans)]).toEqual(['GET /orders', 'SELECT orders']);
    });

    it('is told to neither of two', async () => {
      const both = Promise.all(['a', 'b'].map((name) => collect(() => pooled(name))));
      await drain(2);
      expect((await both).map(({ strays }) => strays)).toEqual([[], []]);
    });

    it('is told to the outer one of two, one within the other', async () => {
      let inner: SpanTree | undefined;
      const collected = collect(async () => {
        inner = await collect(() => pooled('lost'));
      });
      await drain(1);
      expect(outline((await collected).strays)).toBe('lost');
      expect(inner?.strays).toEqual([]);
    });
  });

  it('is told to that of two in whose code it began', async () => {
    const { open, opened } = gate();
    const [one, other] = await Promise.all([
      collect(async () => {
        await opened;
        context.with(ROOT_CONTEXT, () => withSpan('lost', () => {}));
      }),
      collect(open),
    ]);
    expect([outline(one.strays), other.strays]).toEqual(['lost', []]);
  });

  it('a span below one from before is an orphan, below one of another process it is not', async () => {
    const provider = new TracerProvider();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    trace.setGlobalTracerProvider(provider);
    const before = startSpan('from before');
    const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const spans = await collect(() => {
      const active = context.active();
      context.with(trace.setSpan(active, before), () => withSpan('query', () => {}));
      context.with(trace.setSpanContext(active, { ...remote, isRemote: true }), () =>
        withSpan('handle', () => {}),
      );
    });
    trace.disable();
    context.disable();
    expect(shape(spans)).toBe('query handle');
    expect(outline(spans.orphans)).toBe('query');
    expect(String(spans)).toMatch(/^query .*parent is missing$/m);
  });
});

describe('collect, where somebody traces already', () => {
  afterEach(() => {
    trace.disable();
    context.disable();
  });

  it('listens to a provider of @sonde/core, and leaves it as it was', async () => {
    const ended: string[] = [];
    const provider = new TracerProvider({
      spanProcessors: [
        {
          onStart() {},
          onEnd: ({ name }) => void ended.push(name),
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
    });
    trace.setGlobalTracerProvider(provider);
    const spans = await collect(() => withSpan('s', async () => withSpan('below', () => {})));
    expect(shape(spans)).toBe('s(below)');
    expect(httpInstrumentation()).toBeUndefined();
    startSpan('later').end();
    expect(ended).toEqual(['below', 's', 'later']);
  });

  it('refuses another SDK in one sentence, unless that was given a CollectingProcessor', async () => {
    const inner = new TracerProvider();
    const foreign = (provider: TracerProvider) => ({ getTracer: provider.getTracer.bind(provider) });
    trace.setGlobalTracerProvider(foreign(inner));
    const failure = await collect(() => {}).catch((error: unknown) => error);
    expect(String(failure)).toMatch(
      /^Error: sonde: another OpenTelemetry SDK is registered.*CollectingProcessor/,
    );
    trace.disable();

    const collecting = new CollectingProcessor();
    const provider = new TracerProvider({ spanProcessors: [collecting] });
    trace.setGlobalTracerProvider(foreign(provider));
    expect(shape(await collect(() => withSpan('s', () => {})))).toBe('s');
    await provider.shutdown();
    await expect(collect(() => {})).rejects.toThrow('another OpenTelemetry SDK');
  });
});
