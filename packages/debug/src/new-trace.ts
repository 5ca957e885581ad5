import { type Context, context, createContextKey, isSpanContextValid, trace } from '@opentelemetry/api';
import type { EventLog } from './event-log.ts';
import { registry } from './registry.ts';
import type { LazyTrace } from './requests/lazy-trace.ts';
import { nameFrom } from './requests/line.ts';
import type { RequestStore } from './requests/request-store.ts';
import type { Trace } from './trace.ts';

/**
 * Begins a request or a job that is told by hand. It stands among the active ones of its family on `/debug/requests`
 * until `finish`, then in the family's buckets by how long it took. Source: golang.org/x/net/trace, `New`.
 *
 * @param family the kind of work, few in a program: `mypkg.Foo`, at most 200 characters
 * @param title what is special about this one: a path, a key; at most 1,000 characters
 * @param store default: the process's own, which `debugHandler()` shows
 *
 * With `SONDE_DISABLED=1` in the environment nothing is recorded.
 */
export function newTrace(family: string, title: string, store?: RequestStore): Trace {
  const { disabled, requests } = registry();
  if (disabled) return inert;
  const begun = (store ?? requests).beginTrace(nameFrom(family, 200), nameFrom(title, 1_000));
  belongToActiveSpan(begun);
  return begun;
}

/** The work is part of what is traced around it, so the page can lead from one to the other. */
function belongToActiveSpan(begun: LazyTrace): void {
  const around = trace.getActiveSpan()?.spanContext();
  if (around === undefined || !isSpanContextValid(around)) return;
  begun.traceId = around.traceId;
  begun.spanId = around.spanId;
}

const KEY = createContextKey('sonde.debug.trace');

/** A context that carries the trace, for {@link fromContext}. Source: golang.org/x/net/trace, `NewContext`. */
export function newContext(parent: Context, carried: Trace): Context {
  return parent.setValue(KEY, carried);
}

/** The trace that a context carries. Source: golang.org/x/net/trace, `FromContext`. */
export function fromContext(from: Context = context.active()): Trace | undefined {
  return from.getValue(KEY) as Trace | undefined;
}

/**
 * Begins the log of something that lives long. It stands on `/debug/events` until `finish`, with the place in the
 * program that called this. Source: golang.org/x/net/trace, `NewEventLog`.
 *
 * @param family what it is a log of, few in a program: `mypkg.Pool`, at most 200 characters
 * @param title which of them: a host, a file; at most 1,000 characters
 * @param store default: the process's own, which `debugHandler()` shows
 *
 * With `SONDE_DISABLED=1` in the environment nothing is recorded.
 */
export function newEventLog(family: string, title: string, store?: RequestStore): EventLog {
  const { disabled, requests } = registry();
  if (disabled) return inert;
  const { eventLogs } = store ?? requests;
  return eventLogs.begin(nameFrom(family, 200), nameFrom(title, 1_000), stackAbove(newEventLog));
}

/** As in Go. */
const MAX_FRAMES = 32;

/** Who called `callee`, one frame a line. Nothing when the program keeps stacks from being made. */
function stackAbove(callee: typeof newEventLog): string {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = MAX_FRAMES;
    const place = { stack: '' };
    Error.captureStackTrace(place, callee);
    const frames = String(place.stack)
      .split('\n')
      .slice(1, MAX_FRAMES + 1);
    return frames.map((frame) => frame.trim().replace(/^at /, '').slice(0, 300)).join('\n');
  } catch {
    return '';
  } finally {
    try {
      Error.stackTraceLimit = stackTraceLimit;
    } catch {
      // Where intrinsics are frozen, it was not changed.
    }
  }
}

/** What both are when nothing is recorded. */
const inert: Trace & EventLog = {
  lazyPrintf() {},
  lazyLog() {},
  setError() {},
  setTraceInfo() {},
  setMaxEvents() {},
  printf() {},
  errorf() {},
  finish() {},
  [Symbol.dispose]() {},
};
