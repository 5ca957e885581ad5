import type { HistogramRow } from '../view/histogram-view.ts';
import type { LineView } from '../view/lines-view.ts';
import type { BucketView, FamilyView, LatencySummary } from '../view/requests-view.ts';
import type { RequestSummary } from '../view/summary.ts';
import {
  count,
  flag,
  list,
  mark,
  number,
  object,
  oneOf,
  optional,
  ref,
  type Schema,
  seconds,
  spanId,
  text,
  time,
  traceId,
} from './build.ts';

export const WINDOW: Schema = oneOf(
  ['minute', 'hour', 'total'],
  'The last minute, the last hour, or since the start.',
);
export const BUCKET: Schema = { type: 'integer', description: "The `b` of the page's address." };

/** What lists of requests are made of. */
export const REQUEST_DEFINITIONS: Readonly<Record<string, Schema>> = {
  Request: object<RequestSummary>('One request in a list.', {
    traceId: optional(traceId('Absent for one that is told by hand and belongs to no distributed trace.')),
    spanId: optional(spanId('Of its first span.')),
    toldBy: oneOf(['spans', 'lines'], 'Whether spans tell of it, or lines written by `newTrace`.'),
    family: text('What it is grouped by.'),
    title: text('The request line where there is one; cut at 200 characters.'),
    start: time('When it began.'),
    elapsedSeconds: seconds('Until now, for one that runs.'),
    active: flag('Whether it runs.'),
    error: flag('Whether it failed.'),
    statusCode: optional(count('HTTP, when there was an answer.')),
    errorType: optional(text('The attribute `error.type`.')),
    spans: count('With the first one; 0 for one that is told by hand.'),
    failedSpans: optional(count('How many of them failed; absent when none did.')),
    droppedSpans: count('Spans that were not kept.'),
    waitingFor: optional(ref('Wait', 'Of one that runs.')),
    lines: optional(list(ref('Line'), 'What happened, with `exp=1` alone.')),
  }),
  Wait: object<NonNullable<RequestSummary['waitingFor']>>('What a running request waits for.', {
    what: text('E.g. `the first byte of the response from payments:443`.'),
    seconds: seconds('For how long.'),
    spanId: spanId('The open span that tells.'),
  }),
  Line: object<LineView>('One line of a request or an event log.', {
    time: time('When it was written.'),
    elapsedSeconds: seconds('Since the line before it, or the start.'),
    text: text('`[redacted]` for whoever may not see it.'),
    error: mark('The line tells of an error.'),
    sensitive: mark('The line is not for everybody.'),
  }),
  Family: object<FamilyView>('Requests of one kind.', {
    family: text('Its name, e.g. `GET /orders/:id`.'),
    active: count('How many run.'),
    buckets: list(ref('Bucket'), 'By how long they took, cumulative; then those that failed.'),
    latency: optional(
      list(ref('LatencySummary'), 'The histograms, in short; absent until a request has finished.'),
    ),
  }),
  Bucket: object<BucketView>('Finished requests that took at least so long.', {
    b: BUCKET,
    label: text('E.g. `≥0.1s`, `errors`.'),
    total: count('How many it has seen.'),
    kept: count('How many of them can still be looked at.'),
  }),
  LatencySummary: object<LatencySummary>('How long the requests of a family took, in short.', {
    b: BUCKET,
    window: WINDOW,
    count: count('How many requests.'),
    median: number('Microseconds; 0 without requests.'),
  }),
  HistogramRow: object<HistogramRow>('Requests that took at least `from` and less than `to`.', {
    from: count('Microseconds.'),
    to: optional(count('Microseconds; absent in the last row.')),
    count: count('How many requests.'),
    percent: number('Of all, 0 to 100.'),
    cumulativePercent: number('Of this row and all before.'),
  }),
};
