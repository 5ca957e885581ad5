import { otlpMessages } from '../forms/otlp-lines.ts';
import { BUCKET_COUNT, WINDOWS } from '../requests/buckets.ts';
import type { Family } from '../requests/family.ts';
import type { Histogram } from '../requests/histogram.ts';
import type { ByHand } from '../requests/listed.ts';
import type { Request } from '../requests/request.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import type { PageSource } from '../routes/route.ts';
import { isSecretKey, WITHHELD, withoutSecrets } from '../secrets.ts';
import { readSelf } from '../self/read-self.ts';
import { REDACTED } from '../view/lines-view.ts';
import { shownFacts } from '../view/self-view.ts';
import {
  FORMAT_VERSION,
  type SavedFamily,
  type SavedHead,
  type SavedHistogram,
  type SavedLogLine,
  type SavedRequest,
  type SavedSelf,
  type SavedTrace,
} from './saved-store.ts';

/** Text in pieces, made while others are sent; `undefined` where the work may be left, as in `Steps`. */
export type Chunks = Generator<string | undefined, void, void>;

/**
 * Everything that a store holds, as lines of JSON. What is written is what was there at the beginning, though running
 * requests go on meanwhile, and what is forgotten meanwhile may be missing. What is kept for it is references.
 *
 * @param sensitive whether lines that are marked as sensitive and entries of event logs are told, too
 */
export function* writeStore(source: PageSource, sensitive: boolean): Chunks {
  const { now, store } = source;
  const active = [...store.active()];
  const families: HeldFamily[] = [];
  for (const family of store.listFamilies()) {
    families.push(held(family, now[0]));
    yield undefined;
  }
  const logs = [...store.eventLogs.all()].reverse();
  yield line(yield* headOf(source, sensitive));
  yield* writeRequests(active, families, sensitive);
  for (const { saved } of families) yield line(saved);
  for (const log of logs) {
    const entries = log.list().map((entry) => (sensitive ? entry : { ...entry, text: REDACTED }));
    const { family, lastError, stack, start, title } = log;
    const saved = { family, title, stack, start, entries, ...(lastError === undefined ? {} : { lastError }) };
    yield line({ log: saved } satisfies SavedLogLine);
  }
}

/** JSON that may stand within HTML: `<` is nowhere in it. No credentials, either, whoever wrote them down. */
export function line(value: object): string {
  return `${JSON.stringify(value, withheld).replaceAll('<', '\\u003c')}\n`;
}

function withheld(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return isSecretKey(key) ? WITHHELD : withoutSecrets(value);
}

function* headOf(source: PageSource, sensitive: boolean): Generator<undefined, SavedHead, void> {
  const { now, process, store } = source;
  const self = source.self?.() ?? readSelf();
  const cost = yield* self.cost() as Generator<undefined, SavedSelf['cost'], void>;
  const { api, facts, switchedOff } = self;
  return {
    sonde: 'store',
    version: FORMAT_VERSION,
    at: now[0] * 1000 + now[1] / 1e6,
    process,
    options: { ...store.options, ...store.eventLogs.bounds },
    bytes: store.bytes,
    pinned: store.pinned,
    drops: { ...store.drops },
    ignoredRequests: store.ignoredRequests,
    eventDrops: { ...store.eventLogs.drops },
    eventBytes: store.eventLogs.bytes,
    self: { facts: shownFacts(facts, sensitive), api, cost, switchedOff },
  };
}

interface HeldFamily {
  /** With numbers for requests, once they have some. */
  readonly saved: SavedFamily & { buckets: number[][] };
  /** The oldest first. */
  readonly buckets: readonly (readonly AnyRequest[])[];
}

function held(family: Family, epochSeconds: number): HeldFamily {
  const latency = Object.fromEntries(
    WINDOWS.map((window) => [window, savedHistogram(family.latency.over(window, epochSeconds))]),
  );
  const buckets = Array.from({ length: BUCKET_COUNT }, (_, b) => family.newestFirst(b).reverse());
  return { saved: { family: family.name, totals: [...family.totals], latency, buckets: [] }, buckets };
}

function savedHistogram({ counts, sum, sumOfSquares }: Histogram): SavedHistogram {
  return { counts: [...counts], sum, sumOfSquares };
}

/** Each request once, running ones first, by numbers from 0. */
function* writeRequests(
  active: readonly AnyRequest[],
  families: readonly HeldFamily[],
  sensitive: boolean,
): Chunks {
  const numbers = new Map<AnyRequest, number>();
  for (const request of active) {
    numbers.set(request, numbers.size);
    yield* writeRequest(request, numbers.size - 1, true, sensitive);
  }
  for (const { buckets, saved } of families) {
    for (const bucket of buckets) {
      const inBucket: number[] = [];
      saved.buckets.push(inBucket);
      for (const request of bucket) {
        let number = numbers.get(request);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(request, number);
          yield* writeRequest(request, number, false, sensitive);
        }
        inBucket.push(number);
      }
    }
  }
}

function* writeRequest(request: AnyRequest, number: number, running: boolean, sensitive: boolean): Chunks {
  try {
    if (request.kind === 'lines') yield line(savedTrace(request, number, running, sensitive));
    else yield* writeSpans(request, number, running);
  } catch (error) {
    // A span of a foreign SDK that cannot be read is not worth the file.
    const reason = error instanceof Error ? error.message : 'unknown';
    yield line({ unwritten: number, reason });
  }
}

function* writeSpans(request: Request, number: number, running: boolean): Chunks {
  const { droppedSpans } = request;
  // Those that come while this is written are not waited for.
  const all = [request.root, ...request.spans];
  const spans = all.map((span) => span.spanContext().spanId);
  yield line({ request: number, running, droppedSpans, spans } satisfies SavedRequest);
  for (const message of otlpMessages(all)) yield line(message);
}

function savedTrace(trace: ByHand, number: number, running: boolean, sensitive: boolean): SavedTrace {
  const { failed, family, spanId, startTime, title, traceId } = trace;
  const lines = trace
    .lines()
    .map((told) => (told.sensitive && !sensitive ? { ...told, text: REDACTED } : told));
  return {
    trace: number,
    running,
    family,
    title,
    start: [startTime[0], startTime[1]],
    elapsedSeconds: trace.elapsedSeconds(startTime),
    failed,
    ...(traceId === undefined || spanId === undefined ? {} : { traceId, spanId }),
    lines,
  };
}
