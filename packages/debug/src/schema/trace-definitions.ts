import { GC_KINDS } from '@sonde/runtime';
import { type ClientPhases, PHASES, type PhaseSpan } from '../analysis/client-phases.ts';
import type { AttributeDifference, CompareRow, CompareSide } from '../view/compare-view.ts';
import type { PeerNote, PeerView } from '../view/peers-view.ts';
import type { LaneInterval, LanePause, LaneStall, RuntimeLane } from '../view/runtime-lane.ts';
import type { RepeatView, SpanReport } from '../view/trace-report.ts';
import type { EventView, SpanReference, TraceProcess } from '../view/trace-view.ts';
import type { Reason } from '../why/why.ts';
import {
  anything,
  count,
  flag,
  list,
  map,
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

const attributes = map(anything(''), 'As they were set; long values are cut, credentials replaced.');

/** What a trace is made of. */
export const TRACE_DEFINITIONS: Readonly<Record<string, Schema>> = {
  Span: object<SpanReport>('One span, and what it tells beyond itself.', {
    process: count("Which of the trace's `processes` it is of, from 0."),
    service: text('What that process is called.'),
    spanId: spanId('Its id.'),
    parentSpanId: optional(spanId('Absent for the root of the whole trace.')),
    parent: optional(
      oneOf(['here', 'remote', 'missing'], 'Where the parent is: in this list, in another process, or lost.'),
    ),
    name: text('Its name.'),
    target: optional(text('Of an HTTP span: the path at a server, host and path at a client.')),
    kind: oneOf(['internal', 'server', 'client', 'producer', 'consumer'], 'Its kind.'),
    depth: count('How many ancestors it has in this list.'),
    start: time('When it began.'),
    offsetSeconds: seconds('After the start of the trace here.'),
    elapsedSeconds: seconds('Until now, for one that runs.'),
    active: flag('Whether it runs.'),
    error: flag('Whether it failed.'),
    status: ref('SpanStatus'),
    scope: text('Who made it: the instrumentation scope and its version.'),
    attributes,
    events: list(ref('Event'), 'In the order in which they were added.'),
    links: list(ref('Link'), 'Spans that it links to.'),
    linkedFrom: list(ref('SpanReference'), 'Spans that are kept here and link to it.'),
    dropped: ref('Dropped'),
    selfSeconds: seconds('In which none of its children ran.'),
    critical: list(ref('Segment'), 'When its own work held the request up.'),
    phases: optional(ref('ClientPhases', "Of a CLIENT span: what a browser's timing tab shows.")),
  }),
  TraceProcess: object<TraceProcess>('A process that saw something of the trace.', {
    service: text('What it is called.'),
    pid: optional(count('Its process id, where it is known.')),
    url: optional(text('Where its pages are; absent for this process.')),
    spans: count('How many it told.'),
    clockOffsetSeconds: optional(
      seconds('How far its clock was ahead of that of the first one: its spans are shown that much earlier.'),
    ),
    leftOut: optional(count('Spans that it did not keep, or that were too much to take.')),
  }),
  Peer: object<PeerView>('A process that was asked for its part, or would have been.', {
    url: text('Where its pages are.'),
    name: optional(text('What it is called.')),
    outcome: oneOf(
      ['told', 'partly', 'nothing', 'failed', 'ended'],
      'It told its spans, or a part of them; knows nothing of the trace; failed to answer; or has ended.',
    ),
    reason: optional(text('Why it did not tell all.')),
  }),
  PeerNote: object<PeerNote>('What is to be known of other processes.', {
    kind: oneOf(['warning', 'hint'], 'Something is missing or was changed; or something may be.'),
    sentence: text('For people.'),
  }),
  SpanStatus: object<SpanReport['status']>('What became of a span.', {
    code: oneOf(['unset', 'ok', 'error'], 'As in OpenTelemetry.'),
    message: optional(text('Of an error.')),
  }),
  Event: object<EventView>('Something that happened within a span.', {
    name: text('E.g. `exception`, `gotConn`.'),
    time: time('When it happened.'),
    offsetSeconds: seconds('After the start of its span.'),
    attributes,
  }),
  Link: object<SpanReport['links'][number]>('A link to another span.', {
    traceId: text('Of the other span.'),
    spanId: text('Of the other span.'),
    attributes,
  }),
  SpanReference: object<SpanReference>('A span of another trace.', {
    traceId: traceId('Its trace.'),
    spanId: spanId('Its id.'),
  }),
  Dropped: object<SpanReport['dropped']>('What was beyond the limits of a span.', {
    attributes: count('Attributes.'),
    events: count('Events.'),
    links: count('Links.'),
  }),
  Segment: object<SpanReport['critical'][number]>('A time within the trace.', {
    start: seconds('After the start of the trace.'),
    end: seconds('After the start of the trace.'),
  }),
  ClientPhases: object<ClientPhases>('Where the time of an outgoing request went.', {
    spans: list(ref('Phase'), 'In the order of time; they do not overlap.'),
    reused: optional(flag('Whether the connection had been used before; absent when none was had.')),
    wasIdle: optional(flag('Whether it had waited for a request.')),
  }),
  Phase: object<PhaseSpan>('One phase.', {
    phase: oneOf(PHASES, 'Its name.'),
    start: seconds('After the start of the span.'),
    end: seconds('After the start of the span.'),
  }),
  Repeat: object<RepeatView>('Calls of one kind below one span, five or more.', {
    parentSpanId: optional(spanId('The span below which they are.')),
    label: text('Their name, with `?` for what differs.'),
    spanIds: list(spanId(''), 'The calls.'),
    seconds: seconds('In which at least one of them ran.'),
    inTurn: flag('Each when the one before was done.'),
  }),
  Reason: object<Reason>('One reason why a request is slow, failed or hangs.', {
    rule: text('The rule that found it.'),
    sentence: text('For people.'),
    seconds: seconds("About how much of the request's time it explains."),
    spanIds: list(spanId(''), 'The spans that show it.'),
  }),
  RuntimeLane: object<RuntimeLane>('What the event loop and the garbage collector did during a trace.', {
    gc: list(ref('LanePause'), 'Pauses for garbage collection; of more than 200, the longest.'),
    stalls: list(
      ref('LaneStall'),
      'Times of 50 ms and more in which the event loop stood still; of more than 200, the longest.',
    ),
    loop: list(ref('LaneInterval'), 'How busy it was; a long trace is cut into 200 parts.'),
    gcSeconds: seconds('In which garbage was collected.'),
    coveredSeconds: seconds('How much of the trace `loop` covers.'),
    busySeconds: seconds('In which the event loop did not wait.'),
    cpuSeconds: seconds('CPU that its thread used; on Node 20, the process, but no more than one CPU.'),
    notShown: count('Pauses and stalls beyond those that are listed.'),
  }),
  LanePause: object<LanePause>('V8 collected garbage.', {
    kind: oneOf(GC_KINDS, 'What it did.'),
    start: seconds('After the start of the trace.'),
    end: seconds('After the start of the trace.'),
  }),
  LaneStall: object<LaneStall>('One thing held the event loop.', {
    start: seconds('After the start of the trace; to 20 ms.'),
    end: seconds('After the start of the trace.'),
    cpuSeconds: seconds('CPU meanwhile: little where a synchronous call waited.'),
    otherRequests: optional(count('Requests of other traces that ran meanwhile, where it was looked up.')),
  }),
  LaneInterval: object<LaneInterval>('How busy the event loop was.', {
    start: seconds('After the start of the trace.'),
    end: seconds('After the start of the trace.'),
    utilization: number('From 0 to 1, where it never waited.'),
  }),
  CompareRow: object<CompareRow>('What two requests have on one path of names.', {
    label: text('The name, ids and values left out.'),
    depth: count('How many ancestors it has.'),
    a: optional(ref('CompareSide', 'Absent where the request has no such span.')),
    b: optional(ref('CompareSide', 'Absent where the request has no such span.')),
    differenceSeconds: seconds('`a` less `b`; what is not there took no time.'),
    selfDifferenceSeconds: seconds('The same of what no child of theirs took.'),
    attributes: list(ref('AttributeDifference'), 'Where there is one span on each side: what differs.'),
    attributesNotShown: count('How many more attributes differ.'),
  }),
  CompareSide: object<CompareSide>('The spans of one request on a path.', {
    spans: count('How many.'),
    errors: count('How many failed.'),
    seconds: seconds('In which at least one of them ran.'),
    selfSeconds: seconds('In which none of their children ran; of all together.'),
    spanId: spanId('The first one.'),
  }),
  AttributeDifference: object<AttributeDifference>('An attribute that two spans tell differently.', {
    key: text('Its name.'),
    a: optional(anything('Absent where the span does not have it.')),
    b: optional(anything('Absent where the span does not have it.')),
  }),
};
