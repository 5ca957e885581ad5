import type { ReadableSpan } from '../readable-span.ts';
import { contentBytes } from '../requests/span-bytes.ts';
import type { Steps } from '../slices.ts';
import { otlpJson } from './otlp-json.ts';

/** A line is parsed at one go by whoever reads it, so it is kept short: by spans, and by what they hold, in bytes. */
const SPANS_PER_LINE = 20;
const BYTES_PER_LINE = 64 * 1024;

/**
 * Spans as lines of OTLP/JSON, running ones too, which have no end. The first line has no spans, but who tells them
 * and when: `head`, in a field of our own, which other readers pass over.
 *
 * Source: "OpenTelemetry Protocol File Exporter", JSON lines.
 */
export function* otlpLines(head: object, spans: Iterable<ReadableSpan>): Steps<string> {
  const lines = [JSON.stringify({ resourceSpans: [], sonde: head })];
  for (const message of otlpMessages(spans)) {
    lines.push(JSON.stringify(message));
    yield;
  }
  return `${lines.join('\n')}\n`;
}

/** What is to stand on a line each. */
export function* otlpMessages(spans: Iterable<ReadableSpan>): Generator<object> {
  let some: ReadableSpan[] = [];
  let bytes = 0;
  for (const span of spans) {
    some.push(span);
    bytes += contentBytes(span);
    if (some.length < SPANS_PER_LINE && bytes < BYTES_PER_LINE) continue;
    yield otlpJson(some, { running: true });
    some = [];
    bytes = 0;
  }
  if (some.length > 0) yield otlpJson(some, { running: true });
}
