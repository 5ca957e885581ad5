import type { HrTime } from '@opentelemetry/api';
import type { SavedLog } from '../events/event-logs.ts';
import {
  count,
  type ForeignSpan,
  fieldsOf,
  idOf,
  OtlpReader,
  type Resource,
  SPAN_ID,
  type Told,
  TRACE_ID,
  text,
} from '../forms/read-otlp.ts';
import type { ProcessView } from '../pages/layout.ts';
import { wordOf } from '../pages/text.ts';
import { hrTimeOf, secondsBetween } from '../readable-span.ts';
import { BUCKET_COUNT } from '../requests/buckets.ts';
import { Family } from '../requests/family.ts';
import { HISTOGRAM_ROWS, Histogram } from '../requests/histogram.ts';
import type { Latencies, LatencyWindow } from '../requests/latency-series.ts';
import type { ByHand, TraceLine } from '../requests/listed.ts';
import { Request } from '../requests/request.ts';
import { type AnyRequest, RequestStore } from '../requests/request-store.ts';
import type { PageSource } from '../routes/route.ts';
import type { SelfSource } from '../view/self-view.ts';
import { readSavedSelf } from './read-self.ts';
import { FORMAT_VERSION, LINE_START } from './saved-store.ts';

/** More than any store holds by default; further ones are left out and counted. */
const MOST = { requests: 50_000, spans: 1_000_000, families: 2_000, logs: 50_000, perBucket: 1_000 };
/** Characters: a title or line by hand is at most this long, with the note of what was cut. */
const LINE_LIMIT = 1_100;
const NAME_LIMIT = 300;
const LINES_PER_TRACE = 10_001;
const ENTRIES_PER_LOG = 101;

/**
 * Reads what `writeStore` wrote, line by line. The file may come from anybody, as may the text in it: everything is
 * checked, cut and counted, and nothing makes it throw.
 */
export class StoreReader {
  /** What was no line of such a file, or too much. */
  leftOut = 0;
  private head: Told | undefined;
  private readonly requests = new Map<number, AnyRequest>();
  private readonly active: AnyRequest[] = [];
  private readonly families: Family[] = [];
  private readonly logs: SavedLog[] = [];
  private readonly resources = new Map<string, Resource>();
  private readonly room = { spans: MOST.spans };
  /** The request whose spans come now. */
  private reading: { readonly told: Told; readonly otlp: OtlpReader } | undefined;

  /** Any line of the file: those without JSON are passed over. */
  read(line: string): void {
    if (!line.startsWith(LINE_START)) return;
    try {
      this.take(fieldsOf(JSON.parse(line)));
    } catch {
      this.leftOut++;
    }
  }

  /** What was in the file, or the sentence why it is none of these. */
  finish(): PageSource | string {
    this.finishRequest();
    const { head } = this;
    if (head === undefined) return 'it holds no store; expected a file that was saved from /debug/download';
    if (head['version'] !== FORMAT_VERSION) {
      return `it is of version ${text(wordOf(head['version']), 20)}, expected ${FORMAT_VERSION}; open it with the version of Sonde that wrote it`;
    }
    const at = amount(head['at']);
    const store = new RequestStore({ ...optionsFrom(head['options']), now: () => at });
    store.adopt({
      active: this.active,
      families: this.families,
      drops: countsLike(store.drops, head['drops']),
      bytes: count(head['bytes']),
      pinned: count(head['pinned']),
    });
    store.ignoredRequests = count(head['ignoredRequests']);
    const { eventLogs } = store;
    const eventDrops = countsLike(eventLogs.drops, head['eventDrops']);
    eventLogs.adopt(this.logs, eventDrops, count(head['eventBytes']));
    // What the logs took was counted again.
    store.bytes = count(head['bytes']);
    const self = readSavedSelf(head['self']);
    return {
      store,
      process: processFrom(head['process']),
      now: hrTimeOf(at),
      self: (): SelfSource => self,
    };
  }

  private take(told: Told): void {
    if (told['resourceSpans'] !== undefined) this.reading?.otlp.read(told);
    else if (told['request'] !== undefined) this.beginRequest(told);
    else if (told['trace'] !== undefined) this.takeTrace(told);
    else if (told['family'] !== undefined) this.takeFamily(told);
    else if (told['log'] !== undefined) this.takeLog(fieldsOf(told['log']));
    else if (told['sonde'] === 'store' && this.head === undefined) this.head = told;
    else this.leftOut++;
  }

  private beginRequest(told: Told): void {
    this.finishRequest();
    this.reading = { told, otlp: new OtlpReader({ room: this.room, resources: this.resources }) };
  }

  private finishRequest(): void {
    if (this.reading === undefined) return;
    const { otlp, told } = this.reading;
    this.reading = undefined;
    this.leftOut += otlp.leftOut;
    const [root, ...spans] = inOrder(otlp.spans, told['spans']);
    if (root === undefined) {
      this.leftOut++;
      return;
    }
    const request = new Request(root);
    for (const span of spans) request.add(span);
    request.droppedSpans = count(told['droppedSpans']);
    this.keep(told['request'], told['running'], request);
  }

  private takeTrace(told: Told): void {
    this.finishRequest();
    this.keep(told['trace'], told['running'], new SavedByHand(told));
  }

  private keep(number: unknown, running: unknown, request: AnyRequest): void {
    const known = Number.isSafeInteger(number) && !this.requests.has(number as number);
    if (!known || this.requests.size >= MOST.requests) {
      this.leftOut++;
      return;
    }
    this.requests.set(number as number, request);
    request.finished = running !== true;
    if (!request.finished) this.active.push(request);
  }

  private takeFamily(told: Told): void {
    this.finishRequest();
    if (this.families.length >= MOST.families) {
      this.leftOut++;
      return;
    }
    const family = new Family(text(told['family'], NAME_LIMIT), MOST.perBucket, latencyFrom(told['latency']));
    const [buckets, totals] = [listFrom(told['buckets']), listFrom(told['totals'])];
    for (let b = 0; b < BUCKET_COUNT; b++) {
      for (const number of listFrom(buckets[b]).slice(0, MOST.perBucket)) {
        const request = this.requests.get(number as number);
        if (request?.finished) family.push(b, request);
      }
      family.totals[b] = count(totals[b]);
    }
    this.families.push(family);
  }

  private takeLog(told: Told): void {
    if (this.logs.length >= MOST.logs) {
      this.leftOut++;
      return;
    }
    this.logs.push({
      family: text(told['family'], NAME_LIMIT),
      title: text(told['title'], LINE_LIMIT),
      stack: text(told['stack'], 20_000),
      start: amount(told['start']),
      ...(typeof told['lastError'] === 'number' ? { lastError: amount(told['lastError']) } : {}),
      entries: listFrom(told['entries'])
        .slice(0, ENTRIES_PER_LOG)
        .map(fieldsOf)
        .map((entry) => ({
          when: amount(entry['when']),
          text: text(entry['text'], LINE_LIMIT),
          error: entry['error'] === true,
        })),
    });
  }
}

/** A request that was told by hand, in another process. */
class SavedByHand implements ByHand {
  readonly kind = 'lines';
  bytes = 0;
  places = 0;
  slot = -1;
  finished = false;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly family: string;
  readonly title: string;
  readonly failed: boolean;
  readonly startTime: HrTime;
  private readonly elapsed: number | undefined;
  private readonly told: readonly TraceLine[];

  constructor(told: Told) {
    this.family = text(told['family'], NAME_LIMIT);
    this.title = text(told['title'], LINE_LIMIT);
    this.failed = told['failed'] === true;
    const [seconds, nanos] = listFrom(told['start']);
    this.startTime = [count(seconds), Math.min(count(nanos), 999_999_999)];
    this.elapsed = told['running'] === true ? undefined : amount(told['elapsedSeconds']);
    this.traceId = idOf(told['traceId'], TRACE_ID);
    this.spanId = idOf(told['spanId'], SPAN_ID);
    this.told = listFrom(told['lines'])
      .slice(0, LINES_PER_TRACE)
      .map(fieldsOf)
      .map((line) => ({
        when: amount(line['when']),
        text: text(line['text'], LINE_LIMIT),
        sensitive: line['sensitive'] === true,
      }));
  }

  elapsedSeconds(now: HrTime): number {
    return this.elapsed ?? Math.max(0, secondsBetween(this.startTime, now));
  }

  lines(): TraceLine[] {
    return [...this.told];
  }

  forget(): void {}
}

/** By the ids that were written down; those that are not among them come last. */
function inOrder(spans: readonly ForeignSpan[], ids: unknown): ForeignSpan[] {
  const places = new Map(listFrom(ids).map((id, place) => [id, place]));
  const placeOf = (span: ForeignSpan) => places.get(span.spanContext().spanId) ?? places.size;
  return [...spans].sort((a, b) => placeOf(a) - placeOf(b));
}

/** How long requests took until the moment at which they were saved, which is when the pages show them. */
function latencyFrom(told: unknown): Latencies {
  const windows = fieldsOf(told);
  const read = new Map<LatencyWindow, Histogram>();
  for (const window of ['minute', 'hour', 'total'] as const) read.set(window, histogramFrom(windows[window]));
  return { record() {}, over: (window) => read.get(window) as Histogram };
}

function histogramFrom(told: unknown): Histogram {
  const { counts, sum, sumOfSquares } = fieldsOf(told);
  const histogram = new Histogram();
  const given = listFrom(counts);
  for (let row = 0; row < HISTOGRAM_ROWS; row++) histogram.counts[row] = count(given[row]);
  histogram.sum = amount(sum);
  histogram.sumOfSquares = amount(sumOfSquares);
  return histogram;
}

/** Numbers only, and no more than a store that is looked at can use. */
function optionsFrom(told: unknown): Record<string, number> {
  const given = fieldsOf(told);
  const known = Object.keys(new RequestStore().options).concat('maxEventLogs', 'maxEventFamilies');
  return Object.fromEntries(
    known.filter((key) => typeof given[key] === 'number').map((key) => [key, count(given[key])]),
  );
}

function countsLike<Counts extends object>(like: Counts, told: unknown): Counts {
  const given = fieldsOf(told);
  return Object.fromEntries(Object.keys(like).map((key) => [key, count(given[key])])) as Counts;
}

function processFrom(told: unknown): ProcessView {
  const { node, pid, service, uptimeSeconds } = fieldsOf(told);
  return {
    service: text(service, NAME_LIMIT),
    pid: count(pid),
    node: text(node, 40),
    uptimeSeconds: amount(uptimeSeconds),
    saved: true,
  };
}

function listFrom(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A number of something that may have a fraction; 0 for what is none. */
function amount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
