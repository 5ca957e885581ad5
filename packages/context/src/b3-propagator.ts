import {
  type Context,
  createContextKey,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapSetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { withRemoteParent } from './carried-context.ts';
import { hasDebugFlag, withDebugFlag } from './debug-flag.ts';
import { GuardedPropagator } from './guarded-propagator.ts';
import { idsHeader } from './header.ts';
import { safely } from './safely.ts';

const SINGLE = 'b3';
const TRACE_ID = 'x-b3-traceid';
const SPAN_ID = 'x-b3-spanid';
const SAMPLED = 'x-b3-sampled';
const FLAGS = 'x-b3-flags';

// {trace id}-{span id}[-{sampling state}][-{parent span id}]
const SINGLE_FORMAT = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d]))?(?:-[0-9a-f]{16})?$/;
const STATE_ALONE = /^[01d]$/;
const TRACE_ID_FORMAT = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/;
const SPAN_ID_FORMAT = /^[0-9a-f]{16}$/;
const ACCEPTED = /^(?:1|true)$/i;
const DENIED = /^(?:0|false)$/i;

/** Holds the id of a remote span whose sender left the decision to the receiver. */
const DEFERRED_KEY = createContextKey('sonde.context.b3-deferred');

/** How a {@link B3Propagator} writes. */
export interface B3PropagatorOptions {
  /** One `b3` header, or the `x-b3-*` ones. Default: `single`. Both are read. */
  injectEncoding?: 'single' | 'multi';
}

/**
 * Reads and writes Zipkin's B3 headers. On extract the single header is looked for first, then the others. Trace
 * ids of 64 bits are filled up with zeros. The debug flag is kept, without ids too, and counts as sampled. Without a
 * sampling state the trace is taken as not sampled, and goes on without one where no span begins; a bare `b3: 0`
 * carries no ids and changes nothing. The parent's span id is not written, as OpenTelemetry asks, and ids are never
 * shared between client and server.
 *
 * Source: OpenTelemetry specification, Propagators API, "B3 Requirements"; openzipkin/b3-propagation.
 */
export class B3Propagator extends GuardedPropagator {
  private readonly multi: boolean;

  constructor(options: B3PropagatorOptions = {}) {
    super();
    this.multi = safely(() => options.injectEncoding === 'multi', false);
  }

  fields(): string[] {
    return this.multi ? [TRACE_ID, SPAN_ID, SAMPLED, FLAGS] : [SINGLE];
  }

  protected write<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || !isSpanContextValid(spanContext)) return;
    const traceId = spanContext.traceId.toLowerCase();
    const spanId = spanContext.spanId.toLowerCase();
    const state = stateOf(context, spanContext);
    if (!this.multi) {
      setter.set(carrier, SINGLE, `${traceId}-${spanId}${state && '-'}${state}`);
      return;
    }
    setter.set(carrier, TRACE_ID, traceId);
    setter.set(carrier, SPAN_ID, spanId);
    // Debug says that it is sampled: not both are sent.
    if (state === 'd') setter.set(carrier, FLAGS, '1');
    else if (state !== '') setter.set(carrier, SAMPLED, state);
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    // "When extracting state headers, the first value wins": of several that came joined, or in a list.
    const get: Get = (name) => idsHeader(carrier, getter, name).split(',', 1)[0]?.trimEnd() ?? '';
    const found = readSingle(get) ?? readMulti(get);
    if (found === undefined) return context;
    const { spanContext, state } = found;
    if (spanContext === undefined) return state === 'd' ? withDebugFlag(context) : context;
    const parent = withRemoteParent(context, spanContext);
    if (state === 'd') return withDebugFlag(parent, spanContext.traceId);
    return state === '' ? parent.setValue(DEFERRED_KEY, spanContext.spanId) : parent;
  }
}

/** Accept, deny, debug, or defer: the decision is left to the receiver. */
type State = '1' | '0' | 'd' | '';

function stateOf(context: Context, { spanId, traceFlags, traceId }: SpanContext): State {
  if (hasDebugFlag(context, traceId)) return 'd';
  if ((traceFlags & TraceFlags.SAMPLED) !== 0) return '1';
  // A span that began here has decided for itself.
  return context.getValue(DEFERRED_KEY) === spanId ? '' : '0';
}

type Get = (name: string) => string;

interface Found {
  /** Only a sampling state came when there is none. */
  readonly spanContext?: SpanContext;
  readonly state: State;
}

function readSingle(get: Get): Found | undefined {
  const header = get(SINGLE);
  if (STATE_ALONE.test(header)) return { state: header as State };
  const match = SINGLE_FORMAT.exec(header);
  if (match === null) return undefined;
  const [, traceId, spanId, state] = match as unknown as [string, string, string, State?];
  return found(traceId, spanId, state ?? '');
}

function readMulti(get: Get): Found | undefined {
  const traceId = get(TRACE_ID);
  const spanId = get(SPAN_ID);
  const state = readState(get);
  if (state === undefined) return undefined;
  if (traceId === '' && spanId === '') return { state };
  if (!TRACE_ID_FORMAT.test(traceId) || !SPAN_ID_FORMAT.test(spanId)) return undefined;
  return found(traceId, spanId, state);
}

/** Debug implies an accept decision, whatever else is said. */
function readState(get: Get): State | undefined {
  if (get(FLAGS) === '1') return 'd';
  const sampled = get(SAMPLED);
  if (sampled === '') return '';
  if (ACCEPTED.test(sampled)) return '1';
  return DENIED.test(sampled) ? '0' : undefined;
}

function found(traceId: string, spanId: string, state: State): Found | undefined {
  const traceFlags = state === '1' || state === 'd' ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const spanContext = { traceId: traceId.padStart(32, '0'), spanId, traceFlags, isRemote: true };
  return isSpanContextValid(spanContext) ? { spanContext, state } : undefined;
}
