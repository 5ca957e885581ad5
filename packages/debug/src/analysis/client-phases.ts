import type { EventView, SpanView } from '../view/trace-view.ts';

/** The phases of a request as a browser's timing tab names them, in its order. */
export const PHASES = ['queue', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const;
export type Phase = (typeof PHASES)[number];

/** How a browser's timing tab calls them. */
export const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  queue: 'Queueing',
  dns: 'DNS lookup',
  connect: 'Connect',
  tls: 'TLS',
  send: 'Request sent',
  wait: 'Waiting for response',
  receive: 'Content download',
};

export interface PhaseSpan {
  readonly phase: Phase;
  /** Seconds from the start of the span. */
  readonly start: number;
  readonly end: number;
}

export interface ClientPhases {
  /** In the order of time; they do not overlap. */
  readonly spans: readonly PhaseSpan[];
  /** Whether the connection had been used before; `undefined` when none was had. */
  readonly reused: boolean | undefined;
  readonly wasIdle: boolean | undefined;
}

/** The phase that begins with each event of a CLIENT span, which is named after a hook of `ClientTrace`. */
const BEGINS: Readonly<Record<string, Phase>> = {
  getConn: 'queue',
  dnsStart: 'dns',
  dnsDone: 'connect',
  connectStart: 'connect',
  connectDone: 'queue',
  tlsHandshakeStart: 'tls',
  tlsHandshakeDone: 'queue',
  gotConn: 'send',
  wroteRequest: 'wait',
  gotFirstResponseByte: 'receive',
};

/** Whether phases show the event, so that nothing else has to. */
export function isPhaseEvent(name: string): boolean {
  return Object.hasOwn(BEGINS, name);
}

/**
 * Read off the events of a CLIENT span; `undefined` where it has none of them. What happened before the span began, a
 * dial that was meant for another, is left out: the request did not wait for it.
 */
export function phasesOf(span: SpanView): ClientPhases | undefined {
  const events = span.events
    .filter(({ name }) => isPhaseEvent(name))
    .sort((a, b) => a.offsetSeconds - b.offsetSeconds);
  if (events.length === 0) return undefined;
  const spans: PhaseSpan[] = [];
  let phase: Phase = 'queue';
  let start = 0;
  const close = (end: number): void => {
    const last = spans.at(-1);
    if (end <= start) return;
    if (last?.phase === phase && last.end === start) spans[spans.length - 1] = { ...last, end };
    else spans.push({ phase, start, end });
    start = end;
  };
  for (const { name, offsetSeconds } of events) {
    // An answer may begin before the request is written, and then it is the answer that counts.
    if (phase === 'receive') break;
    close(Math.min(Math.max(0, offsetSeconds), span.elapsedSeconds));
    phase = BEGINS[name] as Phase;
  }
  close(span.elapsedSeconds);
  const got = events.find(({ name }) => name === 'gotConn');
  return { spans, reused: flag(got, 'reused'), wasIdle: flag(got, 'wasIdle') };
}

function flag(event: EventView | undefined, key: string): boolean | undefined {
  const value = event?.attributes[key];
  return typeof value === 'boolean' ? value : undefined;
}

/** Seconds that a phase took in all. */
export function secondsIn({ spans }: ClientPhases, ...phases: readonly Phase[]): number {
  return spans.reduce((sum, { end, phase, start }) => (phases.includes(phase) ? sum + end - start : sum), 0);
}
