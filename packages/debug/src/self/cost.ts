import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import type { Steps } from '../slices.ts';

/** What tracing costs in this process, measured at this moment, in nanoseconds. */
export interface CostView {
  /** To list and file a request in the store of these pages. */
  readonly requestNanos: number;
  /** To make and end a span, that included; absent where nobody says how spans are made. */
  readonly spanNanos?: number;
}

/** For each figure, in milliseconds. */
const BUDGET_MILLIS = 2;
const CALLS_PER_ROUND = 10;
/** However long they take: something may come between. */
const FEWEST_ROUNDS = 5;
/** Whatever the clock says. */
const MOST_ROUNDS = 2_000;

/** Takes 4 ms in steps of some microseconds. What is made for it is in nobody's store. */
export function* measureCost(makeSpan: (() => void) | undefined): Steps<CostView> {
  const requestNanos = yield* nanosPerCall(requestOfNobody());
  if (makeSpan === undefined) return { requestNanos };
  return { requestNanos, spanNanos: yield* nanosPerCall(makeSpan) };
}

/** Of the fastest round: the first ones are not compiled yet, and others meet the garbage collector. */
function* nanosPerCall(call: () => void): Steps<number> {
  let spent = 0;
  let fastest = BUDGET_MILLIS;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (round >= FEWEST_ROUNDS && spent >= BUDGET_MILLIS) break;
    const start = performance.now();
    for (let i = 0; i < CALLS_PER_ROUND; i++) call();
    const took = performance.now() - start;
    spent += took;
    // A clock that is coarse may say 0.
    if (took > 0) fastest = Math.min(fastest, took);
    yield;
  }
  return Math.round((fastest * 1e6) / CALLS_PER_ROUND);
}

function requestOfNobody(): () => void {
  const processor = new RequestsProcessor(new RequestStore());
  const spanContext = {
    traceId: '0'.repeat(31).concat('1'),
    spanId: '0'.repeat(15).concat('1'),
    traceFlags: 0,
  };
  const attributes = { 'http.request.method': 'GET', 'http.route': '/' };
  return () => {
    const span: ReadableSpan = {
      name: 'GET /',
      kind: SpanKind.SERVER,
      spanContext: () => spanContext,
      startTime: [0, 0],
      endTime: [0, 1],
      duration: [0, 1],
      ended: true,
      status: { code: SpanStatusCode.UNSET },
      attributes,
      events: [],
      links: [],
      resource: { attributes: {} },
      instrumentationScope: { name: '' },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
    processor.onStart(span as unknown as Span, ROOT_CONTEXT);
    processor.onEnd(span);
  };
}
