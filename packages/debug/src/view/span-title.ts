import { duration } from '../pages/text.ts';
import type { SpanView, TraceView } from './trace-view.ts';

/** What a span is called: its name, and of a request where it went. */
export function titleOf({ name, target }: Pick<SpanView, 'name' | 'target'>): string {
  return target === undefined ? name : `${name} ${target}`;
}

/** How long a trace took; where it began in another process, first how long this one was at it. */
export function timeOf({ requests, seconds, spans }: TraceView): string {
  const [own] = requests;
  const isRoot = requests.length !== 1 || own?.spanId === spans[0]?.spanId;
  return own === undefined || isRoot
    ? duration(seconds)
    : `${duration(own.elapsedSeconds)} of ${duration(seconds)}`;
}
