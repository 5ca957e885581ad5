import { AsyncLocalStorage } from 'node:async_hooks';
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

it('forgets what is open at shutdown', async () => {
  const detector = new ContextLossDetector({ say: (finding) => void findings.push(finding) });
  const provider = new TracerProvider({ spanProcessors: [detector] });
  const tracer = provider.getTracer('t');
  tracer.startSpan('GET', { kind: SpanKind.SERVER });
  await detector.shutdown();
  tracer.startSpan('job').end();
  expect(findings).toEqual([]);
});
