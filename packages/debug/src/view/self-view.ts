import type { EventDrops } from '../events/event-logs.ts';
import { cut, TITLE_LIMIT, VALUE_LIMIT } from '../pages/text.ts';
import { hrTimeOf } from '../readable-span.ts';
import { BUCKET_COUNT } from '../requests/buckets.ts';
import type { Drops, RequestStore } from '../requests/request-store.ts';
import { isSecretKey } from '../secrets.ts';
import type { ApiFacts } from '../self/api-facts.ts';
import type { CostView } from '../self/cost.ts';
import type { ExportFacts, SelfFacts } from '../self/self-facts.ts';
import { troublesOf } from '../self/troubles.ts';
import type { Steps } from '../slices.ts';
import { isoTime } from './summary.ts';
import { viewValue } from './trace-view.ts';

/** What the page on Sonde itself is made of, as it is when somebody opens it. */
export interface SelfSource {
  readonly facts: SelfFacts;
  readonly api: ApiFacts;
  readonly cost: () => Steps<CostView>;
  /** Switches of the environment that are off: `SONDE_DISABLED=1`, … */
  readonly switchedOff: readonly string[];
}

/** Sonde itself: what it holds, drops, costs and watches. Also the JSON of it. */
export interface SelfView {
  /** Why there are no spans, or not all of them, in sentences; empty when all is well. */
  readonly troubles: readonly string[];
  readonly held: HeldView;
  readonly dropped: { readonly requests: Drops; readonly events: EventDrops };
  readonly cost: CostView;
  readonly api: ApiFacts;
  readonly sampler?: string;
  readonly resource?: Readonly<Record<string, string>>;
  readonly instrumentation?: NonNullable<SelfFacts['instrumentation']>;
  /** Each way out of the process; none: spans stay in it. */
  readonly exporting?: readonly ExportView[];
  readonly tail?: NonNullable<SelfFacts['tail']>;
  readonly environment?: NonNullable<SelfFacts['environment']>;
}

/** How much of something there is, and how much there may be. */
export interface Held {
  readonly now: number;
  readonly max: number;
}

export interface HeldView {
  /** By estimate, everything together. */
  readonly bytes: Held;
  readonly families: Held;
  readonly running: Held;
  readonly runningSpans: Held;
  /** Finished requests that can be looked at; at most what the buckets of all families take. */
  readonly finished: Held;
  /** Of all requests that are kept; bounded by the bytes. */
  readonly spans: number;
  /** Objects that lines written by hand keep until somebody looks. */
  readonly pinned: Held;
  readonly eventLogs: Held;
  readonly eventFamilies: Held;
  readonly eventLogBytes: Held;
}

/** {@link ExportFacts}, times as ISO 8601. */
export interface ExportView extends Omit<ExportFacts, 'lastExport' | 'lastError'> {
  readonly lastExport?: string;
  readonly lastError?: { readonly reason: string; readonly at: string };
}

const REQUESTS_PER_STEP = 500;
const MAX_VARIABLES = 100;
/** Beyond `isSecretKey`, such a word anywhere in a name: a resource has few, and a value that is withheld is no harm. */
const SECRET = /secret|token|passw|credential|cookie|authorization|api[._-]?key/i;

/** @param sensitive whether whoever asks may see the values of the resource and the environment */
export function* viewSelf(store: RequestStore, source: SelfSource, sensitive: boolean): Steps<SelfView> {
  const { api, facts } = source;
  const held = yield* viewHeld(store);
  const cost = yield* source.cost();
  const { environment, exporting, instrumentation, resource, sampler, tail } = facts;
  const seen = store.listFamilies().reduce((sum, { totals }) => sum + (totals[0] ?? 0), held.running.now);
  return {
    troubles: troublesOf({ ...source, seen, spans: held.spans }),
    held,
    dropped: { requests: { ...store.drops }, events: { ...store.eventLogs.drops } },
    cost,
    api,
    ...(sampler === undefined ? {} : { sampler: cut(sampler, VALUE_LIMIT) }),
    ...(resource === undefined ? {} : { resource: viewResource(resource, sensitive) }),
    ...(instrumentation === undefined ? {} : { instrumentation }),
    ...(exporting === undefined ? {} : { exporting: exporting.map(viewExport) }),
    ...(tail === undefined ? {} : { tail }),
    ...(environment === undefined ? {} : { environment: viewEnvironment(environment, sensitive) }),
  };
}

/** What may leave the process of what it was told: as the page shows it. */
export function shownFacts(facts: SelfFacts, sensitive: boolean): Omit<SelfFacts, 'makeSpan'> {
  const { makeSpan: _, ...rest } = facts;
  const { environment, resource } = rest;
  return {
    ...rest,
    ...(resource === undefined ? {} : { resource: viewResource(resource, sensitive) }),
    ...(environment === undefined ? {} : { environment: viewEnvironment(environment, sensitive) }),
  };
}

function* viewHeld(store: RequestStore): Steps<HeldView> {
  let finished = 0;
  let spans = 0;
  let runningSpans = 0;
  let looked = 0;
  for (const request of [...store.everything()]) {
    const own = request.kind === 'spans' ? request.spans.length + 1 : 0;
    spans += own;
    if (request.finished) finished++;
    else if (request.kind === 'spans') runningSpans += request.spans.length;
    if (++looked % REQUESTS_PER_STEP === 0) yield;
  }
  const { eventLogs, options } = store;
  return {
    bytes: { now: store.bytes, max: options.maxBytes },
    families: { now: store.listFamilies().length, max: options.maxFamilies },
    running: { now: store.activeCount, max: options.maxActive },
    runningSpans: { now: runningSpans, max: options.maxActiveSpans },
    finished: { now: finished, max: options.maxFamilies * BUCKET_COUNT * options.perBucket },
    spans,
    pinned: { now: store.pinned, max: options.maxPinned },
    eventLogs: { now: eventLogs.count, max: eventLogs.maxLogs },
    eventFamilies: { now: eventLogs.familyCount, max: eventLogs.maxFamilies },
    eventLogBytes: { now: eventLogs.bytes, max: eventLogs.maxBytes },
  };
}

function viewResource(
  resource: Readonly<Record<string, unknown>>,
  sensitive: boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(resource).map(([key, value]) => {
      const text = typeof value === 'string' ? value : (JSON.stringify(viewValue(key, value)) ?? '');
      const shown =
        sensitive && !isSecretKey(key) && !SECRET.test(key) ? cut(text, TITLE_LIMIT) : '(not shown)';
      return [cut(key, TITLE_LIMIT), shown];
    }),
  );
}

function viewEnvironment(facts: NonNullable<SelfFacts['environment']>, sensitive: boolean) {
  return facts.slice(0, MAX_VARIABLES).map(({ effect, name, value }) => ({
    name: cut(name, TITLE_LIMIT),
    ...(value === undefined || !sensitive ? {} : { value: cut(value, TITLE_LIMIT) }),
    effect: cut(effect, TITLE_LIMIT),
  }));
}

function viewExport({ lastError, lastExport, ...rest }: ExportFacts): ExportView {
  return {
    ...rest,
    ...(lastExport === undefined ? {} : { lastExport: isoTime(hrTimeOf(lastExport)) }),
    ...(lastError === undefined
      ? {}
      : { lastError: { reason: cut(lastError.reason, TITLE_LIMIT), at: isoTime(hrTimeOf(lastError.at)) } }),
  };
}
