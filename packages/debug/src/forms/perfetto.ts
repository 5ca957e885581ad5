import { PHASE_NAMES, phasesOf } from '../analysis/client-phases.ts';
import type { Steps } from '../slices.ts';
import type { RuntimeLane } from '../view/runtime-lane.ts';
import { titleOf } from '../view/span-title.ts';
import type { SpanView, TraceProcess, TraceView } from '../view/trace-view.ts';

const SPANS_PER_STEP = 200;

/**
 * A trace in the Trace Event Format, which Perfetto, chrome://tracing and Chrome's DevTools open. Spans that overlap
 * without one being within the other cannot share a line there: each line is a "thread" that takes what fits.
 */
export function* perfetto(trace: TraceView, pid: number, runtime?: RuntimeLane): Steps<object> {
  const pids = pidsOf(trace.processes, pid);
  const lanes = new Map<SpanView, number>();
  for (const i of trace.processes.keys()) {
    const here = trace.spans.filter(({ process }) => process === i);
    yield* place(here, lanes);
  }
  const traceEvents: object[] = trace.processes.map(({ service }, i) => {
    return { ph: 'M', pid: pids[i], tid: 0, name: 'process_name', args: { name: service } };
  });
  for (const [index, span] of trace.spans.entries()) {
    traceEvents.push(...eventsOf(span, pids[span.process] ?? pid, (lanes.get(span) ?? 0) + 1));
    if (index % SPANS_PER_STEP === 0) yield;
  }
  if (runtime !== undefined) traceEvents.push(...runtimeEvents(runtime, pids[0] ?? pid));
  return {
    displayTimeUnit: 'ms',
    otherData: { traceId: trace.traceId, service: trace.service, start: trace.start },
    traceEvents,
  };
}

/** Those of the processes, where they differ: on several machines, many are number 1. */
function pidsOf(processes: readonly TraceProcess[], own: number): number[] {
  const taken = new Set<number>();
  return processes.map(({ pid, url }) => {
    let free = url === undefined ? own : (pid ?? 1);
    while (taken.has(free)) free++;
    taken.add(free);
    return free;
  });
}

function eventsOf(span: SpanView, pid: number, tid: number): object[] {
  const at = micros(span.offsetSeconds);
  const { active, attributes, error, kind, parentSpanId, scope, spanId, status } = span;
  return [
    {
      ph: 'X',
      pid,
      tid,
      ts: at,
      dur: micros(span.elapsedSeconds),
      name: titleOf(span),
      cat: `span,${kind}${error ? ',error' : ''}`,
      args: { spanId, parentSpanId, scope, status, active, ...attributes },
    },
    ...(phasesOf(span)?.spans ?? []).map(({ end, phase, start }) => ({
      ph: 'X',
      pid,
      tid,
      ts: at + micros(start),
      dur: micros(end - start),
      name: PHASE_NAMES[phase],
      cat: 'phase',
    })),
    ...span.events.map(({ attributes, name, offsetSeconds }) => ({
      ph: 'i',
      s: 't',
      pid,
      tid,
      ts: at + micros(offsetSeconds),
      name,
      cat: 'event',
      args: attributes,
    })),
  ];
}

/** What the runtime did, as lines of its own above those of the spans. */
const LOOP_LINE = 1_000_001;
const GC_LINE = 1_000_002;

function runtimeEvents({ gc, loop, stalls }: RuntimeLane, pid: number): object[] {
  const slice = (tid: number, name: string, { end, start }: { start: number; end: number }, args = {}) => {
    const [ts, dur] = [micros(start), micros(end - start)];
    return { ph: 'X', pid, tid, ts, dur, name, cat: 'runtime', args };
  };
  const name = (tid: number, name: string) => {
    return { ph: 'M', pid, tid, name: 'thread_name', args: { name } };
  };
  return [
    name(LOOP_LINE, 'event loop'),
    ...stalls.map(({ cpuSeconds, end, otherRequests, start }) =>
      slice(LOOP_LINE, 'stall', { start, end }, { cpuSeconds, otherRequests }),
    ),
    name(GC_LINE, 'garbage collection'),
    ...gc.map((pause) => slice(GC_LINE, `GC ${pause.kind}`, pause)),
    ...loop.map(({ start, utilization }) => {
      const args = { utilization: Math.round(utilization * 1e3) / 1e3 };
      return { ph: 'C', pid, ts: micros(start), name: 'event loop utilization', args };
    }),
  ];
}

/** The first line on which a span is within, or after, whatever stands there last. */
function* place(spans: readonly SpanView[], placed: Map<SpanView, number>): Steps<void> {
  const lanes: { end: number }[][] = [];
  for (const span of [...spans].sort(
    (a, b) => a.offsetSeconds - b.offsetSeconds || b.elapsedSeconds - a.elapsedSeconds,
  )) {
    const start = span.offsetSeconds;
    const end = start + span.elapsedSeconds;
    let lane = 0;
    for (; lane < lanes.length; lane++) {
      const open = lanes[lane] as { end: number }[];
      while (open.length > 0 && (open.at(-1) as { end: number }).end <= start) open.pop();
      if (open.length === 0 || (open.at(-1) as { end: number }).end >= end) break;
    }
    lanes[lane] ??= [];
    lanes[lane]?.push({ end });
    placed.set(span, lane);
    if (placed.size % SPANS_PER_STEP === 0) yield;
  }
}

const micros = (seconds: number): number => Math.round(seconds * 1e9) / 1e3;
