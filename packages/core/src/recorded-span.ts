import {
  type Attributes,
  type AttributeValue,
  diag,
  type Exception,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  type TraceState,
} from '@opentelemetry/api';
import {
  acceptAttributes,
  acceptValue,
  noAttributes,
  put,
  type Refuser,
  refusal,
  toText,
  truncate,
} from './attributes.ts';
import { type Anchor, fromInput, hrtime, subtract, toWall } from './clock.ts';
import { hex64, type TraceIdentity } from './ids.ts';
import type { InstrumentationScope, ReadableSpan, TimedEvent } from './readable-span.ts';
import type { Resource } from './resource.ts';
import type { Span } from './span.ts';
import type { SpanLimits } from './span-limits.ts';
import type { SpanObserver } from './span-processor.ts';

/** What all spans of one tracer share. */
export interface SpanSetting {
  readonly scope: InstrumentationScope;
  readonly resource: Resource;
  readonly limits: Required<SpanLimits>;
  /**
   * How many attributes may wait unsorted before they are put into an object: at most as many as a span may have,
   * and not without end where that is Infinity.
   */
  readonly laterLimit: number;
  readonly observer: SpanObserver;
}

/** What most spans never have, in an object of its own, so that they do not pay for its fields. */
class Rest {
  readonly events: TimedEvent[] = [];
  readonly links: Link[] = [];
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  warned = false;
}

const unset: SpanStatus = Object.freeze({ code: SpanStatusCode.UNSET });

/**
 * The one flat class behind {@link Span}: a hierarchy would make every access polymorphic, which tripled the cost
 * of a span when measured. It holds integers where it can (ids, times) and allocates what most spans never have
 * (events, links, later attributes) on first use. Made by `Tracer` alone.
 */
export class RecordedSpan implements Span, Refuser {
  name: string;
  readonly kind: SpanKind;
  status: SpanStatus = unset;
  ended = false;

  readonly identity: TraceIdentity;
  /** The span id, as two 32-bit integers. */
  readonly high: number;
  readonly low: number;
  /** W3C trace flags. */
  readonly flags: number;
  readonly traceState: TraceState | undefined;
  readonly anchor: Anchor;
  private readonly setting: SpanSetting;

  /**
   * The parent, by value: a reference to the parent span would keep every ancestor of a long chain (a timer that
   * starts the next one inside its own span) in memory for ever.
   */
  private readonly parentHigh: number;
  private readonly parentLow: number;
  private readonly parentFlags: number;
  private readonly parentTraceState: TraceState | undefined;
  private parent: SpanContext | undefined;

  private context: SpanContext | undefined = undefined;
  private readonly startSeconds: number;
  private readonly startNanos: number;
  private endSeconds = 0;
  /** -1 until the end time is settled, which is a moment before `ended`. */
  private endNanos = -1;

  /** Attributes accepted at creation, an object of our own; those set later wait in `later`, key after value. */
  private bag: Attributes | undefined = undefined;
  private later: (string | AttributeValue)[] | undefined = undefined;
  /** How many attributes there can be at most: a key set twice counts twice until the next fold. */
  private attributeCount = 0;
  private rest: Rest | undefined = undefined;

  constructor(
    setting: SpanSetting,
    name: string,
    kind: SpanKind,
    identity: TraceIdentity,
    high: number,
    low: number,
    flags: number,
    traceState: TraceState | undefined,
    localParent: RecordedSpan | undefined,
    otherParent: SpanContext | undefined,
    anchor: Anchor,
    startSeconds: number,
    startNanos: number,
  ) {
    this.setting = setting;
    this.name = name;
    this.kind = kind;
    this.identity = identity;
    this.high = high;
    this.low = low;
    this.flags = flags;
    this.traceState = traceState;
    this.parent = otherParent;
    if (localParent === undefined) {
      this.parentHigh = this.parentLow = 0;
      this.parentFlags = -1;
      this.parentTraceState = undefined;
    } else {
      this.parentHigh = localParent.high;
      this.parentLow = localParent.low;
      this.parentFlags = localParent.flags;
      this.parentTraceState = localParent.traceState;
    }
    this.anchor = anchor;
    this.startSeconds = startSeconds;
    this.startNanos = startNanos;
  }

  // ---- writing -------------------------------------------------------------------------------------------

  setAttribute(key: string, value: AttributeValue): this {
    if (this.ended) return this.refuseEnded('setAttribute');
    if (typeof key !== 'string' || key === '') return this.warn(refusal(key, value));
    const accepted = this.accept(key, value);
    if (accepted === undefined) return this;
    if (this.attributeCount < this.setting.laterLimit) {
      this.attributeCount++;
      if (this.later === undefined) this.later = [key, accepted];
      else this.later.push(key, accepted);
    } else {
      this.setAtLimit(key, accepted);
    }
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.ended) return this.refuseEnded('setAttributes');
    const { attributeCountLimit, attributeValueLengthLimit } = this.setting.limits;
    const accepted = acceptAttributes(attributes, attributeCountLimit, attributeValueLengthLimit, this);
    if (accepted === noAttributes) return this;
    if (this.bag === undefined && this.later === undefined) {
      this.bag = accepted.attributes;
      this.attributeCount = accepted.count;
      if (accepted.dropped > 0) this.more().droppedAttributes += accepted.dropped;
      return this;
    }
    for (const key of Object.keys(accepted.attributes)) {
      this.setAttribute(key, accepted.attributes[key] as AttributeValue);
    }
    if (accepted.dropped > 0) this.more().droppedAttributes += accepted.dropped;
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this.refuseEnded('addEvent');
    const { attributePerEventCountLimit, attributeValueLengthLimit, eventCountLimit } = this.setting.limits;
    const timeIsSecond = isTimeInput(attributesOrTime);
    const { attributes, dropped } = acceptAttributes(
      timeIsSecond ? undefined : attributesOrTime,
      attributePerEventCountLimit,
      attributeValueLengthLimit,
      this,
    );
    const rest = this.more();
    if (eventCountLimit === 0) {
      rest.droppedEvents++;
      return this;
    }
    if (rest.events.length >= eventCountLimit) {
      rest.events.shift();
      rest.droppedEvents++;
    }
    rest.events.push({
      name: toText(name),
      attributes,
      time: toWall(this.timeOf(time ?? (timeIsSecond ? attributesOrTime : undefined)), this.anchor),
      droppedAttributesCount: dropped,
    });
    return this;
  }

  addLink(link: Link): this {
    if (this.ended) return this.refuseEnded('addLink');
    if (typeof link?.context !== 'object' || link.context === null) {
      return this.warn('a link has no context, expected { context: SpanContext, attributes? }');
    }
    const { attributePerLinkCountLimit, attributeValueLengthLimit, linkCountLimit } = this.setting.limits;
    const { attributes, count, dropped } = acceptAttributes(
      link.attributes,
      attributePerLinkCountLimit,
      attributeValueLengthLimit,
      this,
    );
    const rest = this.more();
    if (linkCountLimit === 0) {
      rest.droppedLinks++;
      return this;
    }
    if (rest.links.length >= linkCountLimit) {
      rest.links.shift();
      rest.droppedLinks++;
    }
    rest.links.push({
      context: link.context,
      ...(count > 0 ? { attributes } : {}),
      ...(dropped > 0 ? { droppedAttributesCount: dropped } : {}),
    });
    return this;
  }

  addLinks(links: Link[]): this {
    if (!Array.isArray(links)) return this.warn('addLinks was not given an array of links');
    for (const link of links) this.addLink(link);
    return this;
  }

  /** Ok is final, Unset is ignored, a description is kept only with Error (Tracing API, "Set Status"). */
  setStatus(status: SpanStatus): this {
    if (this.ended) return this.refuseEnded('setStatus');
    const code = status?.code;
    if (code !== SpanStatusCode.OK && code !== SpanStatusCode.ERROR) return this;
    if (this.status.code === SpanStatusCode.OK) return this;
    const { message } = status;
    if (code === SpanStatusCode.ERROR && typeof message === 'string') {
      this.status = { code, message: truncate(message, this.setting.limits.attributeValueLengthLimit) };
    } else {
      this.status = { code };
      if (code === SpanStatusCode.ERROR && message !== undefined && message !== null) {
        this.warn(`the description of a status is of type ${typeof message}, expected string`);
      }
    }
    return this;
  }

  updateName(name: string): this {
    if (this.ended) return this.refuseEnded('updateName');
    this.name = toText(name);
    return this;
  }

  recordException(exception: Exception, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): void {
    const timeIsSecond = isTimeInput(attributesOrTime);
    const attributes = exceptionAttributes(exception);
    if (attributes === undefined) {
      this.warn('an exception without type and message was not recorded, expected an Error or a string');
      return;
    }
    this.addEvent(
      'exception',
      timeIsSecond || attributesOrTime === undefined ? attributes : { ...attributes, ...attributesOrTime },
      time ?? (timeIsSecond ? attributesOrTime : undefined),
    );
  }

  /** Ends the span. A second call changes nothing and is said once. Children and contexts are not touched. */
  end(endTime?: TimeInput): void {
    if (this.ended) {
      this.refuseEnded('end');
      return;
    }
    const time = this.timeOf(endTime);
    const seconds = time[0];
    const nanos = time[1];
    if (seconds < this.startSeconds || (seconds === this.startSeconds && nanos < this.startNanos)) {
      this.endSeconds = this.startSeconds;
      this.endNanos = this.startNanos;
      this.warn('the end time lies before the start time; the duration is recorded as 0');
    } else {
      this.endSeconds = seconds;
      this.endNanos = nanos;
    }
    const { observer } = this.setting;
    observer.onEnding?.(this);
    this.ended = true;
    observer.onEnd(this);
  }

  [Symbol.dispose](): void {
    if (!this.ended) this.end();
  }

  // ---- reading -------------------------------------------------------------------------------------------

  isRecording(): boolean {
    return !this.ended;
  }

  spanContext(): SpanContext {
    this.context ??= {
      traceId: this.identity.traceId,
      spanId: hex64(this.high, this.low),
      traceFlags: this.flags,
      ...(this.traceState === undefined ? {} : { traceState: this.traceState }),
    };
    return this.context;
  }

  /** Undefined for a root; typed as the optional property of {@link ReadableSpan} that it is. */
  get parentSpanContext(): SpanContext {
    if (this.parent === undefined && this.parentFlags >= 0) {
      this.parent = {
        traceId: this.identity.traceId,
        spanId: hex64(this.parentHigh, this.parentLow),
        traceFlags: this.parentFlags,
        ...(this.parentTraceState === undefined ? {} : { traceState: this.parentTraceState }),
      };
    }
    return this.parent as SpanContext;
  }

  get startTime(): HrTime {
    return toWall([this.startSeconds, this.startNanos], this.anchor);
  }

  get endTime(): HrTime {
    return this.endNanos >= 0 ? toWall([this.endSeconds, this.endNanos], this.anchor) : [0, 0];
  }

  /** `[-1, -1]` until the end time is settled, as in OpenTelemetry's SDK. */
  get duration(): HrTime {
    return this.endNanos >= 0
      ? subtract([this.endSeconds, this.endNanos], [this.startSeconds, this.startNanos])
      : [-1, -1];
  }

  get attributes(): Attributes {
    if (this.later !== undefined) this.fold(this.later);
    this.bag ??= {};
    return this.bag;
  }

  get events(): TimedEvent[] {
    return this.more().events;
  }

  get links(): Link[] {
    return this.more().links;
  }

  get droppedAttributesCount(): number {
    return this.rest?.droppedAttributes ?? 0;
  }

  get droppedEventsCount(): number {
    return this.rest?.droppedEvents ?? 0;
  }

  get droppedLinksCount(): number {
    return this.rest?.droppedLinks ?? 0;
  }

  get resource(): Resource {
    return this.setting.resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this.setting.scope;
  }

  // ---- inside --------------------------------------------------------------------------------------------

  private more(): Rest {
    this.rest ??= new Rest();
    return this.rest;
  }

  private timeOf(input: TimeInput | undefined): HrTime {
    if (input !== undefined && input !== null) {
      const time = fromInput(input, this.anchor);
      if (time !== undefined) return time;
      this.warn('a time is neither a finite number, a Date nor [seconds, nanoseconds]; using now');
    }
    return hrtime();
  }

  private accept(key: string, value: unknown): AttributeValue | undefined {
    const limit = this.setting.limits.attributeValueLengthLimit;
    if (typeof value === 'string' && value.length <= limit) return value;
    if (value === null || value === undefined) return undefined;
    let accepted: AttributeValue | undefined;
    try {
      accepted = acceptValue(value, limit);
    } catch {
      // A Proxy or getter that throws is no attribute.
    }
    if (accepted === undefined) this.warn(refusal(key, value));
    return accepted;
  }

  /** Moves `later` into the bag: a key set again keeps its place and takes the new value. */
  private fold(later: (string | AttributeValue)[]): void {
    const bag: Attributes = Object.assign({}, this.bag);
    for (let i = 0; i < later.length; i += 2) {
      put(bag, later[i] as string, later[i + 1] as AttributeValue);
    }
    this.later = undefined;
    this.bag = bag;
    this.attributeCount = Object.keys(bag).length;
  }

  private setAtLimit(key: string, value: AttributeValue): void {
    const bag = this.attributes;
    if (Object.hasOwn(bag, key)) {
      put(bag, key, value);
    } else if (this.attributeCount < this.setting.limits.attributeCountLimit) {
      put(bag, key, value);
      this.attributeCount++;
    } else {
      this.more().droppedAttributes++;
    }
  }

  refuse(reason: string): void {
    this.warn(reason);
  }

  private refuseEnded(method: string): this {
    return this.warn(`${method}() was called after the end of the span and changes nothing`);
  }

  /** One warning per span: a loop that misuses one must not flood the log. */
  private warn(reason: string): this {
    const rest = this.more();
    if (!rest.warned) {
      rest.warned = true;
      const { traceId, spanId } = this.spanContext();
      diag.warn(`sonde: span "${truncate(this.name, 100)}" (trace ${traceId}, span ${spanId}): ${reason}`);
    }
    return this;
  }
}

function isTimeInput(value: unknown): value is TimeInput {
  return (
    typeof value === 'number' ||
    value instanceof Date ||
    (Array.isArray(value) &&
      value.length === 2 &&
      typeof value[0] === 'number' &&
      typeof value[1] === 'number')
  );
}

/** An error's code stands before its name: `ECONNREFUSED` tells more than `Error`, and the SDK groups so too. */
function exceptionAttributes(exception: Exception): Attributes | undefined {
  if (typeof exception === 'string') return { 'exception.message': exception };
  if (typeof exception !== 'object' || exception === null) return undefined;
  const type = read(exception, 'code') || read(exception, 'name');
  const message = read(exception, 'message');
  if (!type && !message) return undefined;
  const stack = read(exception, 'stack');
  return {
    ...(type ? { 'exception.type': toText(type) } : {}),
    ...(message ? { 'exception.message': toText(message) } : {}),
    ...(stack ? { 'exception.stacktrace': toText(stack) } : {}),
  };
}

/** What is thrown may be anything, also something whose properties throw when they are read. */
function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
