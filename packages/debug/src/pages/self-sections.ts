import type { EventDrops } from '../events/event-logs.ts';
import type { Drops } from '../requests/request-store.ts';
import type { ExportView, Held, SelfView } from '../view/self-view.ts';
import { byteCount, spaced } from './text.ts';

/** A table of the page on Sonde itself, before it is HTML or text. */
export interface Section {
  readonly title: string;
  /** What stands above the columns; a section without has names and values alone. */
  readonly columns?: readonly Column[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly string[])[];
  readonly note?: string;
}

export interface Column {
  readonly name: string;
  readonly number?: true;
}

export function sectionsOf(view: SelfView): Section[] {
  return [
    held(view),
    drops(view),
    cost(view),
    ...exports(view.exporting),
    tail(view),
    instrumentation(view),
    openTelemetry(view),
    copies(view),
    pairs('Resource', Object.entries(view.resource ?? {})),
    environment(view),
  ].filter(({ rows }) => rows.length > 0);
}

function held({ held }: SelfView): Section {
  const row = (name: string, { max, now }: Held, write = grouped) => [name, write(now), write(max)];
  return {
    title: 'Held',
    columns: [{ name: 'What' }, { name: 'now', number: true }, { name: 'at most', number: true }],
    rows: [
      row('Everything, by estimate', held.bytes, byteCount),
      row('Families of requests', held.families),
      row('Running requests', held.running),
      row('Spans below running requests', held.runningSpans),
      row('Finished requests', held.finished),
      ['Spans in all', grouped(held.spans), 'by bytes'],
      row('Objects of lines nobody has read', held.pinned),
      row('Event logs', held.eventLogs),
      row('Families of event logs', held.eventFamilies),
      row('Event logs, by estimate', held.eventLogBytes, byteCount),
    ],
  };
}

/** What each count means, and which option gives more room. */
const REQUEST_DROPS: Readonly<Record<keyof Drops, readonly [what: string, remedy: string]>> = {
  evictedRequests: ['Requests forgotten early', 'the byte budget was used up: maxBytes'],
  unlistedRequests: ['Running requests not listed', 'too many at a time: maxActive'],
  spans: ['Spans not kept', 'too many in a request or running: maxSpansPerRequest, maxActiveSpans, maxBytes'],
  overflowRequests: ['Requests in “(other families)”', 'too many families: maxFamilies'],
  traceEvents: ['Lines of traces not kept', 'beyond setMaxEvents of a trace, or maxBytes'],
};
const EVENT_DROPS: Readonly<Record<keyof EventDrops, readonly [what: string, remedy: string]>> = {
  entries: ['Entries of event logs', 'beyond the last hundred of a log, or a quarter of maxBytes'],
  unlistedLogs: ['Event logs that lost their place', 'too many: maxEventLogs, or a quarter of maxBytes'],
  overflowLogs: ['Event logs in “(other families)”', 'too many families: maxEventFamilies'],
};

function drops({ dropped: { events, requests } }: SelfView): Section {
  const row = (count: number, [what, remedy]: readonly [string, string]) => [what, grouped(count), remedy];
  return {
    title: 'Dropped',
    columns: [
      { name: 'What' },
      { name: 'so far', number: true },
      { name: 'why, and which option bounds it' },
    ],
    rows: [
      ...keysOf(REQUEST_DROPS).map((key) => row(requests[key], REQUEST_DROPS[key])),
      ...keysOf(EVENT_DROPS).map((key) => row(events[key], EVENT_DROPS[key])),
    ],
  };
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record) as Key[];
}

function cost({ cost: { requestNanos, spanNanos } }: SelfView): Section {
  return {
    title: 'Cost',
    rows: [
      ...(spanNanos === undefined ? [] : [['A span, from its start to its end', micros(spanNanos)]]),
      ['A request, listed and filed here', micros(requestNanos)],
    ],
    note: 'Measured in this process when this page was opened, for 2 ms each: the fastest ten in a row. What ran seldom is not compiled yet, and slower.',
  };
}

function exports(exporting: readonly ExportView[] | undefined): Section[] {
  if (exporting === undefined) return [{ title: 'Export', rows: [] }];
  if (exporting.length > 0) return exporting.map(exportingTo);
  return [{ title: 'Export', rows: [['Endpoint', 'none: spans stay in this process']] }];
}

function exportingTo(exporting: ExportView): Section {
  const { dropped, endpoint, exported, handedOn, heldBytes, inFlight, lastError, lastExport, maxHeldBytes } =
    exporting;
  const { maxQueued, queued, recovered, retries, spilled } = exporting;
  const bound = maxQueued === undefined ? '' : ` of at most ${grouped(maxQueued)}`;
  return {
    title: 'Export',
    rows: [
      ['Endpoint', endpoint],
      ['Spans that wait', `${grouped(queued)}${bound}`],
      ['Spans on their way', grouped(inFlight)],
      ...(heldBytes === undefined || maxHeldBytes === undefined
        ? []
        : [['Both take about', `${byteCount(heldBytes)} of at most ${byteCount(maxHeldBytes)}`]]),
      ['Spans exported', grouped(exported)],
      ...(handedOn === undefined ? [] : [['Spans given to the last sender', grouped(handedOn)]]),
      ...(spilled === undefined ? [] : [['Spans written to the spill file', grouped(spilled)]]),
      ...(recovered === undefined ? [] : [['Spans sent from it', grouped(recovered)]]),
      ...(retries === undefined ? [] : [['Batches sent again', grouped(retries)]]),
      ...dropped.map(({ cause, spans }) => [`Spans lost: ${cause}`, grouped(spans)]),
      ['Last export', lastExport === undefined ? 'none yet' : spaced(lastExport)],
      ['Last error', lastError === undefined ? 'none' : `${lastError.reason}, ${spaced(lastError.at)}`],
    ],
  };
}

function tail({ tail }: SelfView): Section {
  const title = 'Export of what was not sampled';
  if (tail === undefined) return { title, rows: [] };
  const { choice, droppedSpans, failed, heldBytes, heldSpans, leftOut, maxHeldBytes, slow } = tail;
  return {
    title,
    rows: [
      ['Of unsampled requests are exported', choice],
      ['Exported: they failed', grouped(failed)],
      ['Exported: they were slow', grouped(slow)],
      ['Left out', grouped(leftOut)],
      [
        'Spans that wait for the choice',
        `${grouped(heldSpans)}, about ${byteCount(heldBytes)} of at most ${byteCount(maxHeldBytes)}`,
      ],
      ['Spans lost: too many waited', grouped(droppedSpans)],
    ],
  };
}

function instrumentation({ instrumentation = [] }: SelfView): Section {
  return {
    title: 'Instrumentation',
    rows: instrumentation.map(({ active, name, note }) => [
      name,
      [active ? 'active' : 'not active', ...(note === undefined ? [] : [note])].join(', '),
    ]),
  };
}

function openTelemetry({ api, sampler }: SelfView): Section {
  return {
    title: 'OpenTelemetry',
    rows: [
      ['Tracer provider', api.provider ?? 'none'],
      ...(sampler === undefined ? [] : [['Sampler', sampler]]),
      ['Context manager', api.contextManager ?? 'none'],
      ['Headers of trace context', api.propagatedHeaders.join(', ') || 'none'],
    ],
  };
}

function copies({ api: { copies, registeredVersion } }: SelfView): Section {
  return {
    title: 'Copies of @opentelemetry/api',
    columns: [{ name: 'Version' }, { name: 'spans' }, { name: 'where' }],
    rows: copies.map(({ path, sees, version }) => [version, sees ? 'are recorded' : 'are lost', path]),
    ...(registeredVersion === undefined ? {} : { note: `Version ${registeredVersion} registered first.` }),
  };
}

function environment({ environment = [] }: SelfView): Section {
  return {
    title: 'Environment',
    columns: [{ name: 'Variable' }, { name: 'value' }, { name: 'effect' }],
    rows: environment.map(({ effect, name, value }) => [name, value ?? '(not shown)', effect]),
  };
}

function pairs(title: string, rows: readonly (readonly string[])[]): Section {
  return { title, rows };
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function micros(nanos: number): string {
  return `${(nanos / 1000).toPrecision(3)} µs`;
}
