import { wordOf } from '../pages/text.ts';
import { titleOf } from '../view/span-title.ts';
import type { SpanView } from '../view/trace-view.ts';
import { isLogLine, LOG_MESSAGE, LOG_SEVERITY } from './log-lines.ts';

/** A line that was logged in a trace, and by which of its spans. */
export interface LogLineView {
  /** After the start of the trace. */
  readonly offsetSeconds: number;
  readonly severity: string;
  readonly message: string;
  readonly spanId: string;
  /** What the span is called. */
  readonly span: string;
}

/** The lines that the spans of a trace have logged, in the order of time. */
export function viewLog(spans: readonly SpanView[]): LogLineView[] {
  const lines: LogLineView[] = [];
  for (const span of spans) {
    for (const { attributes, name, offsetSeconds } of span.events) {
      if (!isLogLine(name, attributes)) continue;
      lines.push({
        offsetSeconds: span.offsetSeconds + offsetSeconds,
        severity: wordOf(attributes[LOG_SEVERITY] ?? 'INFO'),
        message: wordOf(attributes[LOG_MESSAGE]),
        spanId: span.spanId,
        span: titleOf(span),
      });
    }
  }
  return lines.sort((a, b) => a.offsetSeconds - b.offsetSeconds);
}
