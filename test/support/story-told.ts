import type { ReceivedSpan } from './collector.ts';

/** Received spans made comparable: by start, each span id replaced by the order of its appearance. */
export function comparable(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Map<string, string>();
  const known = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `id ${ids.size}`);
    return ids.get(id) as string;
  };
  return [...spans]
    .sort((a, b) => a.startTimeUnixNano.localeCompare(b.startTimeUnixNano))
    .map((span) => ({ ...span, parentSpanId: known(span.parentSpanId), spanId: known(span.spanId) }));
}
