import { keyValues, otlpEvent, otlpLink, unixNano } from '../forms/otlp-json.ts';
import { type ReadableSpan, secondsBetween, toSeconds } from '../readable-span.ts';
import type { RequestStore } from '../requests/request-store.ts';
import { withoutSecrets } from '../secrets.ts';
import type { Steps } from '../slices.ts';
import { failed } from '../view/summary.ts';

/**
 * OpenTelemetry's Tracez for programs: spans by name, running, failed, and the others by latency. All spans of the
 * requests that are kept, not only their first ones.
 *
 * Source: OpenTelemetry specification, development/trace/zpages.md, "HTTP Server".
 */
export interface TracezCounts {
  readonly spanname: string;
  /** By band, the fastest first; see {@link LATENCY_BANDS}. */
  readonly latency: readonly number[];
  readonly running: number;
  readonly error: number;
}

/** Where the bands begin, in seconds. A span is in one of them, the last that it reached. */
export const LATENCY_BANDS: readonly number[] = [0, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1, 10, 100];

/** Which spans of a name are asked for: those of a latency band, or others. */
export type TracezBucket = number | 'running' | 'error';

/** `sampled_max` of the specification: so many spans of a bucket are told, the latest first. */
export const SAMPLED_MAX = 10;
/** Spans of further names are not told. */
export const MAX_NAMES = 1_000;
const MAX_NAME_LENGTH = 500;
const SPANS_PER_STEP = 200;

export function* tracezCounts(store: RequestStore): Steps<TracezCounts[]> {
  const counts = new Map<string, { latency: number[]; running: number; error: number }>();
  let looked = 0;
  for (const span of spansOf(store)) {
    if (++looked % SPANS_PER_STEP === 0) yield;
    const name = nameOf(span);
    let count = counts.get(name);
    if (count === undefined) {
      if (counts.size >= MAX_NAMES) continue;
      count = { latency: LATENCY_BANDS.map(() => 0), running: 0, error: 0 };
      counts.set(name, count);
    }
    const bucket = bucketOf(span);
    if (typeof bucket === 'number') (count.latency[bucket] as number)++;
    else count[bucket]++;
  }
  return [...counts]
    .map(([spanname, count]) => ({ spanname, ...count }))
    .sort((a, b) => (a.spanname < b.spanname ? -1 : 1));
}

/** `LatencyData`, `RunningData` and `ErrorData`: ids in hexadecimal and nanoseconds as text, as OTLP's JSON has them. */
export function* tracezSamples(store: RequestStore, name: string, bucket: TracezBucket): Steps<object[]> {
  let found: ReadableSpan[] = [];
  let looked = 0;
  for (const span of spansOf(store)) {
    if (++looked % SPANS_PER_STEP === 0) yield;
    if (nameOf(span) !== name || bucketOf(span) !== bucket) continue;
    found.push(span);
    if (found.length > 10 * SAMPLED_MAX) found = latest(found);
  }
  return latest(found).map((span) => sampleOf(span, bucket));
}

function* spansOf(store: RequestStore): Generator<ReadableSpan> {
  for (const { root, spans } of [...store.all()]) {
    yield root;
    yield* spans;
  }
}

function nameOf({ name }: ReadableSpan): string {
  return withoutSecrets(name).slice(0, MAX_NAME_LENGTH);
}

function bucketOf(span: ReadableSpan): TracezBucket {
  if (!span.ended) return 'running';
  if (failed(span)) return 'error';
  const seconds = toSeconds(span.duration);
  const band = LATENCY_BANDS.findLastIndex((start) => seconds >= start);
  // Times that users give may say anything.
  return Math.max(0, band);
}

function latest(spans: ReadableSpan[]): ReadableSpan[] {
  return spans.sort((a, b) => secondsBetween(a.startTime, b.startTime)).slice(0, SAMPLED_MAX);
}

function sampleOf(span: ReadableSpan, bucket: TracezBucket): object {
  const { spanId, traceId } = span.spanContext();
  const { status } = span;
  return {
    traceid: traceId,
    spanid: spanId,
    parentid: span.parentSpanContext?.spanId ?? '',
    starttime: unixNano(span.startTime),
    ...(typeof bucket === 'number' ? { endtime: unixNano(span.endTime) } : {}),
    attributes: keyValues(span.attributes),
    events: span.events.map(otlpEvent),
    links: span.links.map(otlpLink),
    ...(bucket === 'error'
      ? {
          status: {
            code: status.code,
            ...(status.message === undefined ? {} : { message: withoutSecrets(status.message) }),
          },
        }
      : {}),
  };
}
