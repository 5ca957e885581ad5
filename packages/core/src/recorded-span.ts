import {
  type Attributes,
  type AttributeValue,
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
import type { AnyValue } from './any-value.ts';
import {
  acceptAttributes,
  acceptValue,
  noAttributes,
  put,
  type Refuser,
  refusal,
  tooMany,
  toText,
  truncate,
} from './attributes.ts';
import { type Anchor, fromInput, hrtime, toHrTime, toNumber, toWall, toWallSeconds } from './clock.ts';
import { attributesBytes, BYTES_PER_ATTRIBUTE, BYTES_PER_LINK, valueBytes } from './content-bytes.ts';
import { EventList } from './event-list.ts';
import { exceptionAttributes, MAX_EXCEPTION_ATTRIBUTES } from './exception.ts';
import { SpanIds, TraceIdentity } from './ids.ts';
import { acceptLink, listLinks } from './link.ts';
import type { InstrumentationScope, ReadableSpan, TimedEvent } from './readable-span.ts';
import { warn } from './report.ts';
import type { Resource } from './resource.ts';
import type { Span } from './span.ts';
import { type SpanLimits, VALUE_LENGTH } from './span-limits.ts';
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

/**
 * Whether properties can be added to a copy made by `{ ...given }` at the usual price. In V8 11, that of Node 20, each
 * costs half a microsecond: there, one more copy is cheap.
 */
const SPREAD_GROWS: boolean = Number.parseInt(process.versions.v8, 10) >= 12;

function growable(bag: Attributes | undefined): Attributes {
  // `Object.assign` would take the one key for the prototype.
  if (bag === undefined || SPREAD_GROWS || Object.hasOwn(bag, '__proto__')) return bag ?? {};
  return Object.assign({}, bag);
}

/** What most spans never have, in an object of its own, so that they do not pay for its fields. */
class Rest {
  links: Link[] | undefined = undefined;
  droppedAttributes = 0;
  droppedLinks = 0;
  warned = false;
}

/** What is said of what cannot be read as a time. */
export const NO_TIME = 'no number, Date or [seconds, nanoseconds] between 1970 and 2554; using now';

const unset: SpanStatus = Object.freeze({ code: SpanStatusCode.UNSET });

/**
 * The one flat class behind {@link Span}: a hierarchy would make every access polymorphic, which tripled the cost
 * of a span when measured. It allocates what most spans never have (ids, events, links, later attributes) on first
 * use. Made by `Tracer` alone.
 *
 * No method throws, whatever it is given: what cannot be used is left out and said, once per span.
 */
export class RecordedSpan implements Span, Refuser {
  name: string;
  readonly kind: SpanKind;
  status: SpanStatus = unset;
  ended = false;

  /** W3C trace flags. */
  readonly flags: number;
  readonly traceState: TraceState | undefined;
  readonly anchor: Anchor;
  private readonly setting: SpanSetting;
  /** A local parent's ids, a remote or foreign one's context, nothing for a root. */
  private readonly parent: SpanIds | SpanContext | undefined;
  private own: SpanIds | undefined;

  private readonly startedAt: bigint;
  /** Settled a moment before `ended`. */
  private endedAt: bigint | undefined = undefined;

  /** Attributes accepted at creation, an object of our own; those set later wait in `later`, key after value. */
  private bag: Attributes | undefined = undefined;
  private later: (string | AttributeValue | undefined)[] | undefined = undefined;
  private bagCount = 0;
  /** A key set twice counts twice until the next fold. */
  private laterCount = 0;
  /** About how many bytes all their values take; a key set twice counts twice here, too. */
  private valueBytes = 0;
  private eventList: EventList | undefined = undefined;
  private rest: Rest | undefined = undefined;

  constructor(
    setting: SpanSetting,
    name: string,
    kind: SpanKind,
    flags: number,
    traceState: TraceState | undefined,
    parent: SpanIds | SpanContext | undefined,
    own: SpanIds | undefined,
    anchor: Anchor,
    startedAt: bigint,
  ) {
    this.setting = setting;
    this.name = name;
    this.kind = kind;
    this.flags = flags;
    this.traceState = traceState;
    this.parent = parent;
    this.own = own;
    this.anchor = anchor;
    this.startedAt = startedAt;
  }

  // ---- writing -------------------------------------------------------------------------------------------

  setAttribute(key: string, value: AnyValue | undefined): this {
    // What it has is no mistake: Next tells the route of a request when that is over, and it is known by then.
    if (this.ended) return this.has(key, value) ? this : this.refuseEnded('setAttribute');
    if (typeof key !== 'string' || key === '') return this.warn(refusal(key, value));
    const accepted = this.accept(key, value);
    if (accepted === undefined) return this;
    if (this.bagCount + this.laterCount < this.setting.laterLimit) this.setLater(key, accepted);
    else this.setAtLimit(key, accepted);
    return this;
  }

  private has(key: string, value: AnyValue | undefined): boolean {
    return typeof key === 'string' && value !== undefined && this.attributes[key] === value;
  }

  private setLater(key: string, value: AttributeValue): void {
    this.valueBytes += valueBytes(value);
    const at = 2 * this.laterCount++;
    if (this.later === undefined) {
      // Room for six: grown from one by V8, it would hold eleven and leave the first array behind.
      const _ = undefined;
      this.later = [key, value, _, _, _, _, _, _, _, _, _, _];
    } else {
      this.later[at] = key;
      this.later[at + 1] = value;
    }
  }

  setAttributes(attributes: { readonly [key: string]: AnyValue | undefined }): this {
    if (this.ended) return this.refuseEnded('setAttributes');
    const { limits } = this.setting;
    const first = this.bag === undefined && this.later === undefined;
    // Which of them are one too many depends on those that are there already: `setAttribute` counts.
    const countLimit = first ? limits.attributeCountLimit : Number.POSITIVE_INFINITY;
    const accepted = acceptAttributes(attributes, countLimit, limits, this);
    if (accepted === noAttributes) return this;
    if (accepted.dropped > 0) this.more().droppedAttributes += accepted.dropped;
    if (first) {
      this.bag = accepted.attributes;
      this.bagCount = accepted.count;
      this.valueBytes = accepted.bytes;
      return this;
    }
    for (const key of Object.keys(accepted.attributes)) {
      this.setAttribute(key, accepted.attributes[key] as AnyValue);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this.refuseEnded('addEvent');
    if (attributesOrTime === undefined || isTimeInput(attributesOrTime)) {
      return this.pushEvent(toText(name), noAttributes.attributes, 0, time ?? attributesOrTime);
    }
    const { limits } = this.setting;
    const accepted = acceptAttributes(attributesOrTime, limits.attributePerEventCountLimit, limits, this);
    return this.pushEvent(toText(name), accepted.attributes, accepted.dropped, time);
  }

  private pushEvent(name: string, attributes: Attributes, dropped: number, at: TimeInput | undefined): this {
    const time = at === undefined ? hrtime() : this.timeOf(at);
    const { eventCountLimit } = this.setting.limits;
    this.eventList ??= new EventList();
    if (this.eventList.add(name, attributes, dropped, time, eventCountLimit)) return this;
    return this.warn(tooMany(eventCountLimit, 'events', 'the oldest are dropped'));
  }

  addLink(link: Link): this {
    if (this.ended) return this.refuseEnded('addLink');
    const { limits } = this.setting;
    const accepted = acceptLink(link, limits.attributePerLinkCountLimit, limits, this);
    if (accepted === undefined) {
      return this.warn(
        'a link has no context with hexadecimal ids, expected { context: SpanContext, attributes? }',
      );
    }
    const rest = this.more();
    rest.links ??= [];
    const { links } = rest;
    if (limits.linkCountLimit > 0) links.push(accepted);
    if (links.length <= limits.linkCountLimit && limits.linkCountLimit > 0) return this;
    links.shift();
    rest.droppedLinks++;
    return this.warn(tooMany(limits.linkCountLimit, 'links', 'the oldest are dropped'));
  }

  addLinks(links: Link[]): this {
    if (this.ended) return this.refuseEnded('addLinks');
    try {
      const listed = listLinks(links);
      if (listed !== undefined) {
        for (const link of listed.list) this.addLink(link as Link);
        if (listed.more === 0) return this;
        this.more().droppedLinks += listed.more;
        return this.warn(tooMany(listed.list.length, 'links at once', 'the others are dropped'));
      }
    } catch {
      // An array that throws when it is read is none.
    }
    return this.warn('addLinks was not given an array of links');
  }

  /** Ok is final, Unset is ignored, a description is kept only with Error (Tracing API, "Set Status"). */
  setStatus(status: SpanStatus): this {
    if (this.ended) return this.refuseEnded('setStatus');
    try {
      const { code, message } = status;
      this.settleStatus(code, message);
    } catch {
      this.warn('a status could not be read, expected { code: SpanStatusCode, message? }');
    }
    return this;
  }

  private settleStatus(code: SpanStatusCode, message: unknown): void {
    if (code !== SpanStatusCode.OK && code !== SpanStatusCode.ERROR) {
      if (code !== SpanStatusCode.UNSET)
        this.warn('a status has no code, expected a SpanStatusCode: 0, 1 or 2');
      return;
    }
    if (this.status.code === SpanStatusCode.OK) return;
    if (code === SpanStatusCode.ERROR && typeof message === 'string') {
      const { attributeValueLengthLimit } = this.setting.limits;
      // It is no attribute: a low limit of those does not shorten it.
      this.status = { code, message: truncate(message, Math.max(attributeValueLengthLimit, VALUE_LENGTH)) };
      return;
    }
    this.status = { code };
    if (code === SpanStatusCode.ERROR && message !== undefined && message !== null) {
      this.warn(`the description of a status is of type ${typeof message}, expected string`);
    }
  }

  updateName(name: string): this {
    if (this.ended) return this.refuseEnded('updateName');
    this.name = toText(name);
    return this;
  }

  recordException(exception: Exception, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): void {
    if (this.ended) {
      this.refuseEnded('recordException');
      return;
    }
    const { limits } = this.setting;
    const attributes = exceptionAttributes(exception, limits.attributeValueLengthLimit);
    if (attributes === undefined) {
      this.warn('an exception without type and message was not recorded, expected an Error or a string');
      return;
    }
    const fits = limits.attributePerEventCountLimit >= MAX_EXCEPTION_ATTRIBUTES;
    if (attributesOrTime === undefined && fits) {
      this.pushEvent('exception', attributes, 0, time);
    } else if (isTimeInput(attributesOrTime)) {
      this.addEvent('exception', attributes, time ?? attributesOrTime);
    } else {
      const extra = acceptAttributes(attributesOrTime, Number.POSITIVE_INFINITY, limits, this);
      this.addEvent('exception', { ...attributes, ...extra.attributes }, time);
    }
  }

  /** Ends the span. A second call changes nothing and is said once. Children and contexts are not touched. */
  end(endTime?: TimeInput): void {
    if (this.endedAt !== undefined) {
      if (this.ended) this.refuseEnded('end');
      return;
    }
    const time = endTime === undefined ? hrtime() : this.timeOf(endTime);
    if (time < this.startedAt) {
      this.endedAt = this.startedAt;
      this.warn('the end time lies before the start time; the duration is recorded as 0');
    } else {
      this.endedAt = time;
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

  /** What children and other processes need to know of this span; made on demand. */
  get ids(): SpanIds {
    this.own ??= new SpanIds(this.trace(), this.flags, this.traceState);
    return this.own;
  }

  spanContext(): SpanContext {
    return this.ids.spanContext;
  }

  /** Undefined for a root; typed as the optional property of {@link ReadableSpan} that it is. */
  get parentSpanContext(): SpanContext {
    return (this.parent instanceof SpanIds ? this.parent.spanContext : this.parent) as SpanContext;
  }

  get startTime(): HrTime {
    return toWall(this.startedAt, this.anchor);
  }

  get endTime(): HrTime {
    return this.endedAt === undefined ? [0, 0] : toWall(this.endedAt, this.anchor);
  }

  /** `[-1, -1]` until the end time is settled, as in OpenTelemetry's SDK. */
  get duration(): HrTime {
    return this.endedAt === undefined ? [-1, -1] : toHrTime(this.endedAt - this.startedAt);
  }

  get attributes(): Attributes {
    if (this.later !== undefined) this.fold(this.later);
    this.bag ??= {};
    return this.bag;
  }

  /** Of a span that has none, not kept, and not frozen: a processor may empty the list before it hands the span on. */
  get events(): TimedEvent[] {
    return this.eventList?.read(this.anchor) ?? [];
  }

  get links(): Link[] {
    return this.rest?.links ?? [];
  }

  get droppedAttributesCount(): number {
    return this.rest?.droppedAttributes ?? 0;
  }

  get droppedEventsCount(): number {
    return this.eventList?.dropped ?? 0;
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

  // ---- reading at the end of every span: numbers, and nothing made for it --------------------------------------

  /** {@link duration} in nanoseconds; negative until the end time is settled. */
  get durationNanos(): number {
    return this.endedAt === undefined ? -1 : toNumber(this.endedAt - this.startedAt);
  }

  /** The seconds of {@link endTime}. */
  get endSeconds(): number {
    return this.endedAt === undefined ? 0 : toWallSeconds(this.endedAt, this.anchor);
  }

  /** {@link attributes}, less those that were set later and wait to be looked at. */
  get firstAttributes(): Attributes | undefined {
    return this.bag;
  }

  /** An attribute that is not, or not with its last value, among {@link firstAttributes}. */
  laterAttribute(key: string): AttributeValue | undefined {
    const { later } = this;
    if (later === undefined) return undefined;
    for (let i = 2 * this.laterCount - 2; i >= 0; i -= 2) if (later[i] === key) return later[i + 1];
    return undefined;
  }

  /** About how many bytes its name, attributes, events and links take. */
  get contentBytes(): number {
    const { eventList, rest } = this;
    let bytes = this.name.length + BYTES_PER_ATTRIBUTE * (this.bagCount + this.laterCount) + this.valueBytes;
    if (eventList !== undefined) bytes += eventList.bytes;
    if (rest?.links !== undefined) bytes += linksBytes(rest.links);
    return bytes;
  }

  // ---- inside --------------------------------------------------------------------------------------------

  private trace(): TraceIdentity {
    const { parent } = this;
    return parent instanceof SpanIds ? parent.trace : new TraceIdentity(parent?.traceId);
  }

  private more(): Rest {
    this.rest ??= new Rest();
    return this.rest;
  }

  private timeOf(input: TimeInput | undefined): bigint {
    if (input !== undefined && input !== null) {
      try {
        const time = fromInput(input, this.anchor);
        if (time !== undefined) return time;
      } catch {
        // A Date or pair that throws when it is read is no time.
      }
      this.warn(`a time is ${NO_TIME}`);
    }
    return hrtime();
  }

  private accept(key: string, value: unknown): AttributeValue | undefined {
    if (typeof value === 'number' || typeof value === 'boolean') return value;
    if (typeof value === 'string') return truncate(value, this.setting.limits.attributeValueLengthLimit);
    return value === undefined ? undefined : this.acceptObject(key, value);
  }

  private acceptObject(key: string, value: unknown): AttributeValue | undefined {
    let accepted: AttributeValue | undefined;
    try {
      accepted = acceptValue(value, this.setting.limits);
    } catch {
      // A Proxy or getter that throws is no attribute.
    }
    if (accepted === undefined) this.warn(refusal(key, value));
    return accepted;
  }

  /** Moves `later` into the bag, which is our own: a key set again keeps its place and takes the new value. */
  private fold(later: (string | AttributeValue | undefined)[]): void {
    const bag = growable(this.bag);
    for (let i = 0; i < 2 * this.laterCount; i += 2) {
      const key = later[i] as string;
      if (Object.hasOwn(bag, key)) this.valueBytes -= valueBytes(bag[key]);
      else this.bagCount++;
      put(bag, key, later[i + 1] as AttributeValue);
    }
    this.later = undefined;
    this.laterCount = 0;
    this.bag = bag;
  }

  private setAtLimit(key: string, value: AttributeValue): void {
    const bag = this.attributes;
    const { attributeCountLimit } = this.setting.limits;
    if (Object.hasOwn(bag, key)) {
      this.valueBytes += valueBytes(value) - valueBytes(bag[key]);
      put(bag, key, value);
    } else if (this.bagCount < attributeCountLimit) {
      this.valueBytes += valueBytes(value);
      put(bag, key, value);
      this.bagCount++;
    } else {
      this.more().droppedAttributes++;
      this.warn(tooMany(attributeCountLimit, 'attributes', 'the others are dropped'));
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
      warn(`sonde: span "${truncate(this.name, 100)}" (trace ${traceId}, span ${spanId}): ${reason}`);
    }
    return this;
  }
}

function linksBytes(links: readonly Link[]): number {
  let bytes = 0;
  for (const link of links) bytes += BYTES_PER_LINK + attributesBytes(link.attributes);
  return bytes;
}

function isTimeInput(value: unknown): value is TimeInput {
  if (typeof value !== 'object' || value === null) return typeof value === 'number';
  try {
    if (!Array.isArray(value)) return value instanceof Date;
    return value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'number';
  } catch {
    return false;
  }
}
