import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '../readable-span.ts';
import { registry } from '../registry.ts';
import { warnOnce } from '../report.ts';
import type { Request } from './request.ts';
import type { RequestStore } from './request-store.ts';

/** A span that belongs to a request carries it, under a symbol of the processor that put it there. */
type Linked = ReadableSpan & { [link: symbol]: Request | undefined };

export interface RequestsProcessorOptions {
  /**
   * Answers whether a request is left out of the pages, by its first span as it is when it starts. Its spans are traced
   * and exported all the same; how many were left out stands on the page. Not called for spans below the first. What
   * throws leaves nothing out, and is said. Default: none is left out.
   */
  ignore?: (first: FirstSpan) => boolean;
}

/** What is known of a request when it starts. */
export type FirstSpan = Pick<ReadableSpan, 'name' | 'kind' | 'attributes'>;

/**
 * Fills the store behind `/debug/requests`. A structural `SpanProcessor`: it fits the providers of `@sonde/core`
 * and of OpenTelemetry's SDK 2.x and 3.x alike.
 *
 * A span without a local parent begins a request; spans below it join it. Nothing is copied or formatted here.
 *
 * @example
 * new BasicTracerProvider({ spanProcessors: [new RequestsProcessor()] });
 */
export class RequestsProcessor {
  private readonly store: RequestStore;
  private readonly link = Symbol('sonde.debug.request');
  private readonly unkept = Symbol('sonde.debug.unkept');
  private readonly leftOut = new WeakSet<object>();

  /** @param store default: the process's own, which `debugHandler()` shows */
  constructor(store: RequestStore = registry().requests, { ignore }: RequestsProcessorOptions = {}) {
    this.store = store;
    if (ignore === undefined) return;
    // Whoever leaves nothing out does not pay for it.
    const keep = this.onStart.bind(this);
    this.onStart = (span, parentContext) => {
      if (this.isLeftOut(span, parentContext, ignore)) this.leftOut.add(span);
      else keep(span, parentContext);
    };
  }

  onStart(span: Span, parentContext: Context): void {
    const started = span as unknown as Linked;
    const request = this.requestIn(parentContext) ?? this.requestAgain(started);
    if (request === undefined) {
      started[this.link] = this.store.begin(started);
    } else {
      // A span that is not kept stays linked: what is below it belongs to the request all the same.
      started[this.link] = request;
      if (!this.store.add(request, started)) started[this.unkept] = request;
    }
  }

  onEnd(span: object): void {
    const ended = span as Linked;
    const request = ended[this.link];
    if (request === undefined) return;
    if (request.root === ended) this.store.finish(request);
    else if (ended[this.unkept] === undefined) this.store.spanEnded(request, ended);
  }

  /** What is below a span that is left out is left out with it. */
  private isLeftOut(
    span: Span,
    parentContext: Context,
    ignore: NonNullable<RequestsProcessorOptions['ignore']>,
  ): boolean {
    const parent = trace.getSpan(parentContext);
    if (parent !== undefined && this.leftOut.has(parent)) return true;
    if (this.requestIn(parentContext) !== undefined || !isIgnored(ignore, span)) return false;
    this.store.ignoredRequests++;
    return true;
  }

  private requestIn(context: Context): Request | undefined {
    if (context === ROOT_CONTEXT) return undefined;
    return (trace.getSpan(context) as unknown as Linked | undefined)?.[this.link];
  }

  /** Where it has a proxy.js, Next begins a second time from a request's headers, within the request that runs. */
  private requestAgain(span: ReadableSpan): Request | undefined {
    return span.instrumentationScope.name === 'next.js' ? this.store.runningAround(span) : undefined;
  }

  async forceFlush(): Promise<void> {}

  /** What is in the store stays there, for whoever looks. */
  async shutdown(): Promise<void> {}
}

/** Errors may be anything, text of them too. */
function isIgnored(ignore: NonNullable<RequestsProcessorOptions['ignore']>, span: Span): boolean {
  try {
    return ignore(span as unknown as FirstSpan) === true;
  } catch {
    warnOnce('sonde: ignore of RequestsProcessor threw; the request is kept');
    return false;
  }
}
