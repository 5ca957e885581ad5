import type { EventDrops } from '../events/event-logs.ts';
import type { Drops } from '../requests/request-store.ts';
import type { ApiCopy } from '../self/api-copies.ts';
import type { ApiFacts } from '../self/api-facts.ts';
import type { CostView } from '../self/cost.ts';
import type { EnvironmentFact, InstrumentationFact, MetricFact, TailFacts } from '../self/self-facts.ts';
import type { ErrorExample, ErrorGroupView } from '../view/errors-view.ts';
import type { EventFamilyView, EventLogView } from '../view/events-view.ts';
import type { ExportView, Held, HeldView } from '../view/self-view.ts';
import type { TracezCounts } from '../zpages/tracez.ts';
import {
  anything,
  count,
  flag,
  list,
  map,
  number,
  object,
  optional,
  ref,
  type Schema,
  seconds,
  spanId,
  text,
  time,
  traceId,
} from './build.ts';
import { BUCKET } from './request-definitions.ts';

/** Errors, event logs, Sonde itself, zPages. */
export const OTHER_DEFINITIONS: Readonly<Record<string, Schema>> = {
  Drops: object<Drops>('What was not kept, by cause.', {
    evictedRequests: count('Requests forgotten before their time because the byte budget was used up.'),
    unlistedRequests: count('Running requests that are not listed.'),
    spans: count('Spans left out of their request.'),
    overflowRequests: count('Requests filed in the overflow family.'),
    traceEvents: count("Lines of traces by hand, beyond the trace's number or the store's room."),
  }),
  ErrorGroup: object<ErrorGroupView>('The same error in all requests.', {
    type: text('`exception.type`, else `error.type`; `error` for what has none.'),
    place: text('The innermost own frame of the stack; without one, what failed.'),
    location: optional(text("The frame's whole location, where there is a stack.")),
    message: optional(text('Of the latest, when it says something.')),
    requests: count('In how many requests it happened.'),
    firstSeen: time('The first time among what is kept.'),
    lastSeen: time('The last time.'),
    families: list(
      object<ErrorGroupView['families'][number]>('A family in which it happened.', {
        family: text('Its name.'),
        requests: count('In how many of its requests.'),
      }),
      'Where it happened most first.',
    ),
    familiesNotShown: count('How many more.'),
    examples: list(ref('ErrorExample'), 'The latest requests, the last one first.'),
    q: text('The query that finds all requests with errors of this type.'),
  }),
  ErrorExample: object<ErrorExample>('A request in which an error happened.', {
    time: time('When it happened.'),
    title: text('The request.'),
    traceId: optional(traceId('Absent for what is told by hand and belongs to no distributed trace.')),
    spanId: optional(spanId('The span in which it happened.')),
  }),
  EventFamily: object<EventFamilyView>('Event logs of one kind.', {
    family: text('Its name.'),
    columns: list(
      object<EventFamilyView['columns'][number]>('Logs by the age of their last error.', {
        b: BUCKET,
        label: text('E.g. `errs<10m`.'),
        logs: count('How many.'),
      }),
      'All, then those with an error not older than 10 s, 1 min, 10 min, 1 h, 10 h, 24,000 h.',
    ),
  }),
  EventLog: object<EventLogView>('The log of something that lives long.', {
    title: text('What it is of.'),
    start: time('When it was begun.'),
    elapsedSeconds: seconds('Since then.'),
    lastWritten: time('The last entry.'),
    lastError: optional(time('The last error.')),
    stack: optional(
      list(text(''), 'Where the program began it, innermost frame first; with `exp=1` alone, as the lines.'),
    ),
    lines: optional(list(ref('Line'), 'Its entries.')),
  }),
  EventDrops: object<EventDrops>('What event logs did not keep.', {
    entries: count('Entries beyond the hundred of a log, or beyond the room that logs have.'),
    unlistedLogs: count('Times that a log lost its place on the page to others.'),
    overflowLogs: count('Logs in the overflow family.'),
  }),
  Held: object<Held>('How much of something there is, and how much there may be.', {
    now: count('There is.'),
    max: count('There may be.'),
  }),
  HeldAll: object<HeldView>('What the store holds.', {
    bytes: ref('Held', 'By estimate, everything together.'),
    families: ref('Held', 'Families.'),
    running: ref('Held', 'Running requests.'),
    runningSpans: ref('Held', 'Their spans, below the first.'),
    finished: ref('Held', 'Finished requests that can be looked at.'),
    spans: count('Of all requests that are kept; bounded by the bytes.'),
    pinned: ref('Held', 'Objects that lines written by hand keep until somebody looks.'),
    eventLogs: ref('Held', 'Event logs.'),
    eventFamilies: ref('Held', 'Their families.'),
    eventLogBytes: ref('Held', 'Their bytes, by estimate.'),
  }),
  Cost: object<CostView>('What it costs, measured when the page was opened.', {
    requestNanos: number('Nanoseconds to list and file a request.'),
    spanNanos: optional(number('Nanoseconds to make and end a span, that included.')),
  }),
  Api: object<ApiFacts>('What is registered with @opentelemetry/api.', {
    provider: optional(text('The class of the provider; absent while there is none.')),
    contextManager: optional(text('The class of the context manager.')),
    propagatedHeaders: list(text(''), 'Headers that the propagator reads and writes.'),
    registeredVersion: optional(text('The version that registered first.')),
    copies: list(ref('ApiCopy'), 'Copies of the api that are loaded.'),
  }),
  ApiCopy: object<ApiCopy>('A copy of @opentelemetry/api.', {
    version: text('Its version.'),
    path: text('Relative to the working directory.'),
    sees: flag('Whether it sees what is registered.'),
  }),
  Instrumentation: object<InstrumentationFact>('Something that makes spans or carries context.', {
    name: text('E.g. `node:http servers`.'),
    active: flag('Whether it does.'),
    note: optional(text('What else is to be said.')),
  }),
  Export: object<ExportView>('Where spans go, and what became of them.', {
    endpoint: text('Without credentials.'),
    queued: count('Spans that wait.'),
    maxQueued: optional(count('How many may; left out where there is no bound in spans.')),
    heldBytes: optional(count('About how many bytes the spans take that wait or are on their way.')),
    maxHeldBytes: optional(count('How many they may.')),
    inFlight: count('Spans that were handed over and not answered yet.'),
    exported: count('Spans that arrived.'),
    retries: optional(count('Batches that were sent again.')),
    handedOn: optional(count('Spans given to whoever sends at the very end of the process.')),
    spilled: optional(count('Spans written to a file since there was no room.')),
    recovered: optional(count('Spans sent from that file, of an earlier process too.')),
    dropped: list(
      object<ExportView['dropped'][number]>('Spans that got lost.', {
        cause: text('Why.'),
        spans: count('How many.'),
      }),
      'By cause.',
    ),
    lastExport: optional(time('When spans arrived last.')),
    lastError: optional(
      object<NonNullable<ExportView['lastError']>>('What went wrong last.', {
        reason: text('In words.'),
        at: time('When.'),
      }),
    ),
    metrics: optional(list(ref('Metric'), 'The same as the metrics that OpenTelemetry asks of an SDK.')),
  }),
  Tail: object<TailFacts>(
    'What became of requests that the sampler left out, of this process’s part of them.',
    {
      choice: text('Which ones are exported, e.g. `errors, what takes 500 ms or longer`.'),
      failed: count('Exported because of an error.'),
      slow: count('Exported because they were slow.'),
      leftOut: count('Not exported.'),
      heldSpans: count('Spans that wait for the choice.'),
      heldBytes: count('About how many bytes they take.'),
      maxHeldBytes: count('How many they may.'),
      droppedSpans: count('Spans for which there was no room, whatever the choice was.'),
    },
  ),
  Metric: object<MetricFact>('A metric. Source: semantic conventions, "OpenTelemetry SDK metrics".', {
    name: text('E.g. `otel.sdk.exporter.span.exported`.'),
    unit: text('E.g. `{span}`.'),
    attributes: map(text(''), 'What it is counted by.'),
    value: count('As it stands now.'),
  }),
  Environment: object<EnvironmentFact>('A variable that is set and means something to tracing.', {
    name: text('Its name.'),
    value: optional(text('Left out where it is, or may hold, a secret.')),
    effect: text('E.g. `in effect`.'),
  }),
  TracezCounts: object<TracezCounts>('Spans of one name. Source: OpenTelemetry, `TracezCounts`.', {
    spanname: text('The name.'),
    latency: list(
      count(''),
      'Finished and not failed: from 0, 10 µs, 100 µs, 1 ms, 10 ms, 100 ms, 1 s, 10 s, 100 s on.',
    ),
    running: count('Not ended.'),
    error: count('Ended and failed.'),
  }),
  TracezSpan: {
    type: 'object',
    description: 'A span. Source: OpenTelemetry, `LatencyData`, `RunningData`, `ErrorData`.',
    properties: {
      traceid: traceId('Its trace.'),
      spanid: spanId('Its id.'),
      parentid: text("Its parent's id; empty without one."),
      starttime: nanos('When it began.'),
      endtime: nanos('When it ended: of `latency` alone.'),
      attributes: list(anything(''), '`KeyValue` of OTLP.'),
      events: list(anything(''), '`Span.Event` of OTLP.'),
      links: list(anything(''), '`Span.Link` of OTLP.'),
      status: anything('`Status` of OTLP: of `error` alone.'),
    },
    required: ['traceid', 'spanid', 'parentid', 'starttime', 'attributes', 'events', 'links'],
  },
};

function nanos(description: string): Schema {
  return { type: 'string', pattern: '^-?\\d+$', description: `Nanoseconds since the epoch. ${description}` };
}
