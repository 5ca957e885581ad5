import { context, DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { type Tracer, TracerProvider } from '@sonde/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { respond } from '../routes/respond.ts';
import { atOnce } from '../slices.ts';
import { RequestStore } from './request-store.ts';
import { RequestsProcessor, type RequestsProcessorOptions } from './requests-processor.ts';

function tracing(options: RequestsProcessorOptions): { store: RequestStore; tracer: Tracer } {
  const store = new RequestStore();
  const spanProcessors = [new RequestsProcessor(store, options)];
  return { store, tracer: new TracerProvider({ spanProcessors }).getTracer('t') };
}

const keptIn = (store: RequestStore) =>
  [...store.all()].flatMap(({ root, spans }) => [root, ...spans]).map(({ name }) => name);

describe('a span that begins anew from the headers of a request that runs', () => {
  const remote = (traceId: string, spanId: string) =>
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true });
  const A = 'a'.repeat(32);
  const B = 'b'.repeat(16);
  const SERVER = { kind: SpanKind.SERVER };

  /** The spans of each running request. */
  function running(scope: string): string[][] {
    const store = new RequestStore();
    const provider = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] });
    const [ours, theirs] = [provider.getTracer('@sonde/http'), provider.getTracer(scope)];
    const outer = ours.startSpan('outer', SERVER);
    const call = ours.startSpan('call', {}, trace.setSpan(ROOT_CONTEXT, outer));
    const { traceId, spanId } = call.spanContext();
    const inner = ours.startSpan('inner', SERVER, remote(traceId, spanId));
    const once = theirs.startSpan('once', SERVER, trace.setSpan(ROOT_CONTEXT, inner));
    theirs.startSpan('sibling', SERVER, remote(traceId, spanId));
    theirs.startSpan('below', SERVER, remote(traceId, once.spanContext().spanId));
    theirs.startSpan('of no request here', SERVER, remote(A, B));
    return store.active().map((request) => {
      const { root, spans } = request as Extract<typeof request, { kind: 'spans' }>;
      return [root, ...spans].map(({ name }) => name);
    });
  }

  it('belongs to that request, if it is one of Next’s', () => {
    expect(running('next.js')).toEqual([
      ['outer', 'call'],
      ['inner', 'once', 'sibling', 'below'],
      ['of no request here'],
    ]);
  });

  it('is a request of its own, if it is another’s', () => {
    expect(running('other')).toEqual([
      ['outer', 'call'],
      ['inner', 'once'],
      ['sibling'],
      ['below'],
      ['of no request here'],
    ]);
  });
});

describe('a request that is ignored', () => {
  const ignore: RequestsProcessorOptions['ignore'] = ({ attributes, kind }) =>
    kind === SpanKind.SERVER && attributes['url.path'] === '/healthz';

  it('is left out with all that is below it, and counted once', () => {
    const { store, tracer } = tracing({ ignore });
    const attributes = { 'url.path': '/healthz' };
    const health = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes });
    const within = trace.setSpan(ROOT_CONTEXT, health);
    const below = tracer.startSpan('ping', {}, within);
    tracer.startSpan('SELECT 1', {}, trace.setSpan(within, below)).end();
    below.end();
    expect(store.activeCount).toBe(0);
    health.end();
    tracer.startSpan('job', { attributes }).end();
    expect(keptIn(store)).toEqual(['job']);
    expect(store.ignoredRequests).toBe(1);
  });

  it('is not asked of spans below one that is kept', () => {
    const asked = vi.fn(() => false);
    const { store, tracer } = tracing({ ignore: asked });
    const root = tracer.startSpan('job');
    tracer.startSpan('below', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
    root.end();
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    tracer.startSpan('served', {}, trace.setSpanContext(ROOT_CONTEXT, remote)).end();
    expect(asked).toHaveBeenCalledTimes(2);
    expect(keptIn(store)).toEqual(['job', 'below', 'served']);
  });

  it('stands on the page as a number, with those that were not traced', () => {
    const { store, tracer } = tracing({ ignore: () => true });
    tracer.startSpan('job').end();
    const asked = { query: new URLSearchParams(), accept: '', sensitive: true };
    const source = {
      store,
      process: { service: 's', pid: 1, node: '24.0.0', uptimeSeconds: 1 },
      now: hrTimeOf(0),
      self: () => ({ facts: { ignoredRequests: 4 } }) as never,
    };
    expect(atOnce(respond({ ...asked, path: '/requests' }, source)).body).toContain(
      'Left out by rule: 5 requests.',
    );
    const json = JSON.parse(atOnce(respond({ ...asked, path: '/requests.json' }, source)).body);
    expect(json).toMatchObject({ ignoredRequests: 5, families: [] });
  });

  describe('by a rule that fails', () => {
    afterEach(() => diag.disable());

    it('is kept, and that is said once', () => {
      const warn = vi.fn();
      const quiet = { error() {}, info() {}, debug() {}, verbose() {} };
      diag.setLogger({ ...quiet, warn }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
      const ignore = () => {
        throw Object.create(null);
      };
      const { store, tracer } = tracing({ ignore });
      tracer.startSpan('one').end();
      tracer.startSpan('two', {}, context.active()).end();
      expect(keptIn(store).sort()).toEqual(['one', 'two']);
      expect(warn.mock.calls).toEqual([['sonde: ignore of RequestsProcessor threw; the request is kept']]);
    });

    it('is kept unless the answer is true', () => {
      const { store, tracer } = tracing({ ignore: (() => 'yes') as never });
      tracer.startSpan('one').end();
      expect(keptIn(store)).toEqual(['one']);
    });
  });
});
