import { SORT_KEYS, type Sort } from '../query/query.ts';
import type { CompareView } from '../view/compare-view.ts';
import { ERROR_SORTS, type ErrorsView } from '../view/errors-view.ts';
import type { EventListView, EventsView } from '../view/events-view.ts';
import type { HistogramView } from '../view/histogram-view.ts';
import type { PprofView, ProfileView } from '../view/pprof-view.ts';
import type { BucketListView, RequestsView } from '../view/requests-view.ts';
import type { QueryFault, SearchView } from '../view/search-view.ts';
import type { SelfView } from '../view/self-view.ts';
import type { RequestSummary } from '../view/summary.ts';
import type { TraceReport } from '../view/trace-report.ts';
import type { VarsView } from '../view/vars-view.ts';
import {
  count,
  flag,
  list,
  type Members,
  map,
  number,
  object,
  oneOf,
  optional,
  ref,
  type Schema,
  seconds,
  text,
  time,
  traceId,
} from './build.ts';
import { BUCKET, WINDOW } from './request-definitions.ts';

/** Who answers, and when: what every page begins with. */
export interface Envelope {
  readonly service: string;
  readonly pid: number;
  readonly at: string;
}

export const ENVELOPE: Members<Envelope> = {
  service: text('The name of the service.'),
  pid: count('The process.'),
  at: time('When the page was made.'),
};

function page<T>(description: string, members: Members<T>): Schema {
  return object<Envelope & T>(description, { ...ENVELOPE, ...members } as unknown as Members<Envelope & T>);
}

const byHand = list(ref('Request'), 'What was written by hand in the trace, with its lines.');

/** What a page answers as JSON. */
export interface PageDefinition {
  readonly paths: readonly string[];
  /** When the paths answer this and nothing else. */
  readonly when?: string;
  readonly schema: Schema;
}

export const PAGE_DEFINITIONS: Readonly<Record<string, PageDefinition>> = {
  Index: {
    paths: ['/'],
    when: '`Accept: application/json`',
    schema: page<{ pages: string[] }>('What there is.', { pages: list(text(''), 'Paths from here.') }),
  },
  Pprof: {
    paths: ['/pprof.json'],
    schema: page<PprofView>('The profiles that there are.', {
      underWay: optional(text('What is being taken: another one is refused meanwhile.')),
      profiles: list(
        object<ProfileView>('A profile.', {
          name: text('As in its address: `pprof/<name>`.'),
          count: optional(count('How many there are now, of those that the program counts itself.')),
          description: text('What it tells.'),
        }),
        "Go's, then those of `newProfile()`, by name.",
      ),
    }),
  },
  Requests: {
    paths: ['/requests.json'],
    schema: page<RequestsView>('The families, and what runs.', {
      families: list(ref('Family'), 'By name.'),
      familiesNotShown: count('Families of running requests beyond those that are listed.'),
      active: object<RequestsView['active']>('What runs.', {
        total: count('How many requests.'),
        shown: list(ref('Request'), 'The oldest, the oldest first.'),
      }),
      store: object<RequestsView['store']>('What the store holds.', {
        bytes: count('By estimate.'),
        maxBytes: count('At most.'),
        dropped: ref('Drops'),
      }),
      ignoredRequests: count("Requests that rules of the user's left out."),
    }),
  },
  RequestList: {
    paths: ['/requests.json?fam=…&b=-1…8'],
    schema: page<BucketListView>('The requests of one bucket of a family.', {
      family: text('Its name.'),
      b: BUCKET,
      label: text('E.g. `≥0.1s`, `active`, `errors`.'),
      total: count('How many there were in all.'),
      expanded: flag('Whether lines are told: `exp=1`.'),
      traced: flag('Whether only those are told that belong to a distributed trace: `rtraced=1`.'),
      requests: list(ref('Request'), 'Finished ones: the latest first. Running ones: the oldest first.'),
    }),
  },
  Histogram: {
    paths: ['/requests.json?fam=…&b=9…11'],
    schema: page<HistogramView>('How long the requests of a family took.', {
      family: text('Its name.'),
      b: BUCKET,
      window: WINDOW,
      unit: { const: 'µs', description: 'Of all figures.' },
      count: count('How many requests.'),
      mean: number('The mean.'),
      standardDeviation: number('The standard deviation.'),
      median: number('The median.'),
      percentiles: object<HistogramView['percentiles']>('Interpolated within their rows.', {
        p50: number('The median.'),
        p90: number(''),
        p95: number(''),
        p99: number(''),
      }),
      rows: list(ref('HistogramRow'), 'From the first row with requests to the last.'),
    }),
  },
  Search: {
    paths: ['/requests.json?q=…'],
    schema: page<SearchView>('The requests that match a query: docs/QUERY.md.', {
      q: text('The query as one text, whatever parameters it came by.'),
      sort: object<Sort>('Their order.', {
        by: oneOf(SORT_KEYS, 'By what.'),
        descending: flag('The largest first.'),
      }),
      limit: count('How many are listed at most.'),
      total: count('How many match.'),
      searched: count('How many were looked at: all that are kept or running.'),
      expanded: flag('Whether lines are told: `exp=1`.'),
      requests: list(ref('Request'), 'In the order of `sort`.'),
    }),
  },
  QueryFault: {
    paths: ['/requests.json?q=…'],
    when: 'the query is not understood: 400',
    schema: page<QueryFault>('A query that is not understood.', {
      q: text('As it was asked.'),
      error: text('What was seen and what was expected, in a sentence.'),
      position: count('Where in `q`, in UTF-16 units from its start.'),
    }),
  },
  Trace: {
    paths: ['/requests/trace/{traceId}.json'],
    schema: page<TraceReport & { byHand?: readonly RequestSummary[] }>(
      'A trace as far as this process saw it, and the others that were asked; what it tells beyond its spans.',
      {
        traceId: traceId('Its id.'),
        service: text("The service, by the spans' resource."),
        requests: list(
          ref('Request'),
          'Those of this process. Usually one; several when it was called several times.',
        ),
        processes: list(
          ref('TraceProcess'),
          'Those that saw something of the trace: this one first, if it did.',
        ),
        seconds: seconds('From the first start to the last end, or to now.'),
        start: time('The first start.'),
        spans: list(ref('Span'), 'Every span before its children, siblings by start.'),
        repeats: list(ref('Repeat'), 'Calls of one kind, five or more.'),
        why: list(ref('Reason'), 'Why the requests are slow, failed or hang: what explains most first.'),
        runtime: optional(
          ref(
            'RuntimeLane',
            'What the runtime of this process did meanwhile; absent where nothing is known of that.',
          ),
        ),
        peers: optional(
          list(ref('Peer'), 'Who was asked for its part of the trace; absent where nobody was to be.'),
        ),
        notes: list(ref('PeerNote'), 'Who did not answer, whose clock was off, who may know more.'),
        byHand: optional(byHand),
      },
    ),
  },
  TraceByHand: {
    paths: ['/requests/trace/{traceId}.json'],
    when: 'no spans of it are kept',
    schema: page<{ traceId: string; byHand: readonly RequestSummary[] }>(
      'A trace of which no spans are kept here, and something written by hand is.',
      { traceId: traceId('Its id.'), byHand },
    ),
  },
  Compare: {
    paths: ['/compare.json?a=…&b=…'],
    schema: page<CompareView>('Two requests, span by span.', {
      a: ref('Request', 'The one.'),
      b: ref('Request', 'The other.'),
      bIsMedian: flag('Whether `b` stands for what is usual in the family of `a`.'),
      differenceSeconds: seconds('What `a` took more than `b`; negative when less.'),
      rows: list(ref('CompareRow'), 'By span path, parents first.'),
      rowsNotShown: count('Further ones, beyond those that are listed.'),
    }),
  },
  Errors: {
    paths: ['/errors.json'],
    schema: page<ErrorsView>('What went wrong, by type and place.', {
      sort: oneOf(ERROR_SORTS, 'Those seen last first, or those of most requests.'),
      searched: count('How many requests were looked at: all that are kept or running.'),
      groups: list(ref('ErrorGroup'), 'In the order of `sort`.'),
      groupsNotShown: count('How many there are beyond those that are listed.'),
    }),
  },
  Events: {
    paths: ['/events.json'],
    schema: page<EventsView>('The families of event logs.', {
      families: list(ref('EventFamily'), 'By name.'),
      store: object<EventsView['store']>('What is held.', {
        logs: count('How many logs.'),
        bytes: count('By estimate.'),
        dropped: ref('EventDrops'),
      }),
    }),
  },
  EventList: {
    paths: ['/events.json?fam=…&b=0…6'],
    schema: page<EventListView>('The event logs of one column of a family.', {
      family: text('Its name.'),
      b: BUCKET,
      label: text('E.g. `errs<10m`.'),
      total: count('How many there are.'),
      expanded: flag('Whether entries are told: `exp=1`.'),
      logs: list(ref('EventLog'), 'The one that was written last first; at most 100.'),
    }),
  },
  Sonde: {
    paths: ['/sonde.json'],
    schema: page<SelfView>('Sonde itself.', {
      troubles: list(text(''), 'Why there are no spans, or not all of them; empty when all is well.'),
      held: ref('HeldAll'),
      dropped: object<SelfView['dropped']>('What was not kept.', {
        requests: ref('Drops'),
        events: ref('EventDrops'),
      }),
      cost: ref('Cost'),
      api: ref('Api'),
      sampler: optional(text('As it tells of itself.')),
      resource: optional(map(text(''), 'Attributes of the resource.')),
      instrumentation: optional(list(ref('Instrumentation'), 'What makes spans or carries context.')),
      exporting: optional(list(ref('Export'), 'Each way out of the process; none: spans stay in it.')),
      tail: optional(ref('Tail', 'Where requests that the sampler left out may be exported all the same.')),
      environment: optional(list(ref('Environment'), 'Variables that are set.')),
    }),
  },
  Vars: {
    paths: ['/vars.json'],
    schema: page<VarsView>(
      'The runtime, as Go’s expvar: and what the program published, each by its own name.',
      {
        cmdline: list(
          text(''),
          'The command, without credentials; the first two words for who may not see more.',
        ),
        memstats: ref('MemStats'),
        gcstats: ref('GCStats'),
        loopstats: ref('LoopStats'),
        process: ref('ProcessStats'),
      },
    ),
  },
  TracezAggregations: {
    paths: ['/tracez/api/aggregations'],
    schema: list(ref('TracezCounts'), 'Spans by name.'),
  },
  TracezSpans: {
    paths: [
      '/tracez/api/latency/{0…8}/{span name}',
      '/tracez/api/running/{span name}',
      '/tracez/api/error/{span name}',
    ],
    schema: list(ref('TracezSpan'), 'The latest, at most ten.'),
  },
  Refusal: {
    paths: ['/…'],
    when: 'what is asked is not there, or makes no sense: 404, 400',
    schema: page<{ error: string }>('What is asked is not there, or not understood.', {
      error: text('Why, in a sentence.'),
    }),
  },
};
