import { PHASE_NAMES, phasesOf } from '../analysis/client-phases.ts';
import type { Steps } from '../slices.ts';
import { titleOf } from '../view/span-title.ts';
import type { SpanView, TraceProcess, TraceView } from '../view/trace-view.ts';

const SPANS_PER_STEP = 200;

/**
 * A trace in the Trace Event Format, which Perfetto, chrome://tracing and Chrome's DevTools open. Spans that overlap
 * without one being within the other cannot share a line there: each line is a "thread" that takes what fits.
 */
export function* perfetto(trace: TraceView, pid: number): Steps<object> {
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
