import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { Script } from 'node:vm';
import { type Context, context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContextLossDetector } from './context-loss-detector.ts';
import { TracerProvider } from './tracer-provider.ts';
import { startSpan, withSpan } from './with-span.ts';

let findings: string[];
const storage = new AsyncLocalStorage<Context>();

beforeEach(() => {
  findings = [];
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, thisArg, ...args) => storage.run(active, () => fn.apply(thisArg as never, args)),
    bind: (_context, target) => target,
    enable: () => undefined as never,
    disable: () => undefined as never,
  });
  const detector = new ContextLossDetector({ say: (finding) => void findings.push(finding) });
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [detector] }));
});
afterEach(() => {
  trace.disable();
  context.disable();
});

/** A request that is being served while `work` runs. */
function serving<T>(work: () => T): T {
  return withSpan('GET', { kind: SpanKind.SERVER }, work);
}

function boom(): never {
  throw new Error('boom');
}

const here = import.meta.filename.split('/').at(-1) as string;

describe('a span without a parent', () => {
  it('is a finding while a request is being served, with the place that made it, once per place', () => {
    serving(() => {
      for (let i = 0; i < 3; i++) storage.run(ROOT_CONTEXT, () => withSpan('query', () => {}));
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(
      /^span "query" starts without a parent while 1 request\(s\) are being served; .*\n {4}at /,
    );
    expect(findings[0]).toContain(here);
    expect(findings[0]).not.toContain('with-span.ts');
  });

  it.each([
    ['when nothing is being served', () => withSpan('job', () => {})],
    ['when it has a parent', () => serving(() => withSpan('query', () => {}))],
    ['when it was asked to be a root', () => serving(() => withSpan('job', { root: true }, () => {}))],
    [
      'when it is another request',
      () =>
        serving(() => storage.run(ROOT_CONTEXT, () => withSpan('GET', { kind: SpanKind.SERVER }, () => {}))),
    ],
    [
      'when the request is over',
      () => {
        serving(() => {});
        withSpan('job', () => {});
      },
    ],
  ])('is none %s', (_name, work) => {
    work();
    expect(findings).toEqual([]);
  });
});

describe('a child', () => {
  it('that outlives its parent is a finding', () => {
    const child = withSpan('parent', () => startSpan('child'));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain('span "child" is still open when its parent "parent" ends');
    expect(findings[0]).toContain(here);
    child.end();
  });

  it('that starts after the end of its parent is a finding, once per place', () => {
    const later: (() => void)[] = [];
    withSpan('parent', () => {
      const active = context.active();
      for (let i = 0; i < 3; i++) later.push(() => context.with(active, () => withSpan('child', () => {})));
    });
    for (const run of later) run();
    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain('span "child" starts after the end of its parent "parent"');
    expect(findings[0]).toContain(here);
  });

  it('of a remote parent is none', () => {
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    context.with(trace.setSpanContext(ROOT_CONTEXT, remote), () => withSpan('child', () => {}));
    expect(findings).toEqual([]);
  });

  it('that ends before its parent is none', async () => {
    await withSpan('parent', () => withSpan('child', async () => {}));
    expect(findings).toEqual([]);
  });
});

describe('a span that is used after its end', () => {
  it('is a finding, with the place of the use and the place that made it', () => {
    const span = startSpan('work');
    span.end();
    span.setAttribute('late', 1).addEvent('too late');
    span.end();
    expect(findings.map((finding) => finding.split('\n')[0])).toEqual([
      'setAttribute() of span "work" is called after its end and changes nothing',
      'addEvent() of span "work" is called after its end and changes nothing',
      'end() of span "work" is called after its end and changes nothing',
    ]);
    for (const finding of findings) expect(finding.split('\n  made\n')[1]).toContain(here);
  });

  it('is none when it is disposed of', () => {
    const span = startSpan('work');
    span.end();
    span[Symbol.dispose]();
    expect(findings).toEqual([]);
  });
});

describe('a finding', () => {
  it('is made at the place of a callback that has no name of its own', () => {
    const emitter = new EventEmitter().on('job', () => {
      withSpan('query', () => {});
    });
    serving(() => storage.run(ROOT_CONTEXT, () => emitter.emit('job')));
    const [, place] = (findings[0] as string).split('\n');
    expect(place).toContain('EventEmitter.<anonymous>');
  });

  it('that its listener chokes on does not reach the code that it is about', () => {
    const said: string[] = [];
    const detector = new ContextLossDetector({
      say(finding) {
        said.push(finding);
        throw new Error('full');
      },
    });
    const span = new TracerProvider({ spanProcessors: [detector] }).getTracer('t').startSpan('x');
    span.end();
    span.setAttribute('late', 1);
    expect(said).toHaveLength(1);
  });

  it.each([
    ['prepareStackTrace throws', { prepareStackTrace: boom }],
    ['prepareStackTrace answers its call sites', { prepareStackTrace: (_: Error, sites: unknown) => sites }],
    ['there are no stacks', { stackTraceLimit: 0 }],
  ])('is made although %s', (_name, settings) => {
    const before = { prepareStackTrace: Error.prepareStackTrace, stackTraceLimit: Error.stackTraceLimit };
    Object.assign(Error, settings);
    try {
      const span = startSpan('work');
      span.end();
      span.setAttribute('late', 1);
      expect(Error.stackTraceLimit).toBe({ ...before, ...settings }.stackTraceLimit);
    } finally {
      Object.assign(Error, before);
    }
    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain('setAttribute() of span "work" is called after its end');
  });

  it('is one of a thousand places at most', () => {
    const spans = Array.from({ length: 1_100 }, (_, i) => {
      const span = startSpan(`span ${i}`);
      span.end();
      return span;
    });
    // Each from a place of its own.
    for (const [i, span] of spans.entries())
      new Script(`(span) => span.end()`, { filename: `/app/${i}.js` }).runInThisContext()(span);
    expect(findings).toHaveLength(1_000);
  });
});

it('does not watch more than ten thousand open spans, and watches again when some have ended', () => {
  const spans = Array.from({ length: 10_001 }, () => startSpan('open'));
  const last = spans.pop();
  last?.end();
  last?.end();
  expect(findings).toEqual([]);
  for (const span of spans) span.end();
  spans[0]?.end();
  const again = startSpan('again');
  again.end();
  again.end();
  expect(findings.map((finding) => finding.split('\n')[0])).toEqual([
    'end() of span "open" is called after its end and changes nothing',
    'end() of span "again" is called after its end and changes nothing',
  ]);
});

it('takes what is no option for none', () => {
  const getter = Object.defineProperty({}, 'say', { get: boom });
  for (const options of [null, undefined, 7, { say: 'loud' }, getter]) {
    expect(() => new ContextLossDetector(options as never)).not.toThrow();
  }
});

it('forgets what is open at shutdown', async () => {
  const detector = new ContextLossDetector({ say: (finding) => void findings.push(finding) });
  const provider = new TracerProvider({ spanProcessors: [detector] });
  const tracer = provider.getTracer('t');
  tracer.startSpan('GET', { kind: SpanKind.SERVER });
  await detector.shutdown();
  tracer.startSpan('job').end();
  expect(findings).toEqual([]);
});
