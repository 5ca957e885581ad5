import { type Context, context as contextApi, SpanKind, trace } from '@opentelemetry/api';
import { toText, truncate } from './attributes.ts';
import { callStack } from './call-site.ts';
import type { ReadableSpan } from './readable-span.ts';
import { warn } from './report.ts';
import type { Span } from './span.ts';
import type { SpanProcessor } from './span-processor.ts';

/** What a {@link ContextLossDetector} can be told. */
export interface ContextLossDetectorOptions {
  /** Told each finding, in one sentence and the lines of a stack. Default: the api's `diag.warn`. */
  say?: (finding: string) => void;
}

interface OpenSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly stack: readonly string[];
  readonly children: Set<OpenSpan>;
}

/** More spans are not open at once in a program that is being looked into; those beyond are not watched. */
const MAX_OPEN = 10_000;
/** More places are no finding but a state of affairs. */
const MAX_SITES = 1_000;
const LINES = 8;

/**
 * A span processor for the search of lost context. It says, once for each place in the code:
 *
 * - that a span starts without a parent while a request is being served in this process: its context was lost on the
 *   way, in a callback, queue or library that does not carry it. Not said of spans that were asked to be roots, nor of
 *   SERVER and CONSUMER spans;
 * - that a span is still open when its parent ends, or starts only then: somebody did not wait for it;
 * - that a span is written after its end.
 *
 * Each with the stack that made the span. It captures that stack for every span, which costs some twenty
 * microseconds: it is for development, `SONDE_DEBUG=context` switches it on in `sonde`.
 */
export class ContextLossDetector implements SpanProcessor {
  private readonly say: (finding: string) => void;
  private readonly open = new Map<string, OpenSpan>();
  private readonly sites = new Set<string>();
  private servers = 0;

  constructor(options?: ContextLossDetectorOptions) {
    this.say = sayOf(options);
  }

  onStart(span: Span, parentContext: Context): void {
    const stack = callStack();
    const parent = span.parentSpanContext;
    if (parent === undefined) this.lookAtRoot(span, stack);
    else this.lookAtParent(span, trace.getSpan(parentContext), stack);
    if (this.open.size >= MAX_OPEN) return;
    const opened: OpenSpan = { name: truncate(span.name, 100), kind: span.kind, stack, children: new Set() };
    this.open.set(span.spanContext().spanId, opened);
    if (parent !== undefined) this.open.get(parent.spanId)?.children.add(opened);
    if (span.kind === SpanKind.SERVER) this.servers++;
  }

  onEnd(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const ended = this.open.get(spanId);
    if (ended === undefined) return;
    this.open.delete(spanId);
    if (ended.kind === SpanKind.SERVER) this.servers--;
    if (span.parentSpanContext !== undefined)
      this.open.get(span.parentSpanContext.spanId)?.children.delete(ended);
    for (const child of ended.children) {
      this.find(
        'child',
        child.stack,
        `span "${child.name}" is still open when its parent "${ended.name}" ends; wait for it, or start it with { root: true } and a link`,
      );
    }
    this.watchAfterEnd(span, ended);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.open.clear();
    this.servers = 0;
  }

  private lookAtRoot(span: Span, stack: readonly string[]): void {
    if (this.servers === 0 || span.kind === SpanKind.SERVER || span.kind === SpanKind.CONSUMER) return;
    // The active span was left aside on purpose.
    if (trace.getSpan(contextApi.active()) !== undefined) return;
    this.find(
      'root',
      stack,
      `span "${truncate(span.name, 100)}" starts without a parent while ${this.servers} request(s) are being served; ` +
        'its context was lost on the way, carry it with context.bind() or AsyncResource',
    );
  }

  private lookAtParent(span: Span, parent: unknown, stack: readonly string[]): void {
    const { ended, name } = (parent ?? {}) as Partial<ReadableSpan>;
    if (ended !== true) return;
    this.find(
      'child',
      stack,
      `span "${truncate(span.name, 100)}" starts after the end of its parent "${truncate(toText(name), 100)}"; ` +
        'wait for it, or start it with { root: true } and a link',
    );
  }

  /** In the way of the methods that write: an ended span has no other use for them. */
  private watchAfterEnd(span: ReadableSpan, { name, stack }: OpenSpan): void {
    const written = span as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const method of WRITERS) {
      const original = written[method];
      if (typeof original !== 'function') continue;
      const value = (...args: unknown[]): unknown => {
        this.find(
          'late',
          callStack(),
          `${method}() of span "${name}" is called after its end and changes nothing`,
          stack,
        );
        return original.apply(span, args);
      };
      Object.defineProperty(span, method, { value, configurable: true, writable: true });
    }
  }

  private find(what: string, stack: readonly string[], finding: string, madeAt?: readonly string[]): void {
    const site = `${what} ${stack[0] ?? finding}`;
    if (this.sites.has(site) || this.sites.size >= MAX_SITES) return;
    this.sites.add(site);
    const lines = stack.slice(0, LINES).map((line) => `\n    ${line}`);
    const made =
      madeAt === undefined ? [] : ['\n  made', ...madeAt.slice(0, LINES).map((line) => `\n    ${line}`)];
    try {
      this.say([finding, ...lines, ...made].join(''));
    } catch {
      // A finding is made in the middle of the program's own code: what the listener throws ends here.
    }
  }
}

function sayOf(options: ContextLossDetectorOptions | undefined): (finding: string) => void {
  try {
    const say = options?.say;
    if (typeof say === 'function') return say;
  } catch {
    // Then the default.
  }
  return (finding) => warn(finding);
}

const WRITERS = [
  'setAttribute',
  'setAttributes',
  'addEvent',
  'addLink',
  'addLinks',
  'setStatus',
  'updateName',
  'recordException',
  'end',
];
