import { viewLog } from '../logs/log-view.ts';
import { cut, duration, elapsed, oneLine, visible } from '../pages/text.ts';
import type { PeerNote } from '../view/peers-view.ts';
import { timeOf, titleOf } from '../view/span-title.ts';
import type { SpanView, TraceProcess, TraceView } from '../view/trace-view.ts';
import type { Reason } from '../why/why.ts';

const MAX_ROWS = 100;

/** A trace for a ticket or an agent: what happened, why, the spans as a table, errors with their stacks. */
export function traceMarkdown(
  trace: TraceView,
  reasons: readonly Reason[],
  notes: readonly PeerNote[] = [],
): string {
  const { processes, requests, service, spans, start, traceId } = trace;
  const several = processes.length > 1;
  const shown = spans.slice(0, MAX_ROWS);
  const failed = shown.filter(({ error }) => error);
  return [
    `# ${inline(requests[0]?.title ?? 'trace')}`,
    '',
    ...(several
      ? [`- processes: ${processes.map(processText).join(', ')}`]
      : [`- service: ${inline(service)}`]),
    `- trace: \`${traceId}\``,
    `- started: ${start}`,
    `- took: ${timeOf(trace)}`,
    '',
    ...(reasons.length > 0
      ? ['## Why', '', ...reasons.map(({ sentence }) => `- ${inline(sentence)}`), '']
      : []),
    ...(notes.length > 0
      ? ['## Other processes', '', ...notes.map(({ sentence }) => `- ${inline(sentence)}`), '']
      : []),
    '## Spans',
    '',
    `| ${several ? 'service | ' : ''}span | start | took | status |`,
    `| ${several ? '--- | ' : ''}--- | ---: | ---: | --- |`,
    ...shown.map((span) => row(span, several)),
    ...(spans.length > shown.length ? ['', `${spans.length - shown.length} more are in the JSON form.`] : []),
    ...failed.flatMap(failure),
    ...log(spans),
    '',
  ].join('\n');
}

function processText({ service, spans, url }: TraceProcess): string {
  return `${inline(service)} (${url === undefined ? '' : `${inline(url)}, `}${spans} spans)`;
}

function row(span: SpanView, several: boolean): string {
  const name = `${'· '.repeat(Math.min(span.depth, 12))}${inline(titleOf(span))}`;
  const status = span.error ? '**error**' : span.active ? 'running' : span.status.code;
  return `| ${several ? `${inline(span.service)} | ` : ''}${name} | ${duration(span.offsetSeconds)} | ${duration(span.elapsedSeconds)} | ${status} |`;
}

function failure(span: SpanView): string[] {
  const exception = span.events.find(({ name }) => name === 'exception')?.attributes;
  const text = exception?.['exception.stacktrace'] ?? exception?.['exception.message'] ?? span.status.message;
  if (typeof text !== 'string') return [];
  return ['', `## Error in ${inline(titleOf(span))}`, '', ...fenced(visible(cut(text, 2_000)))];
}

function log(spans: readonly SpanView[]): string[] {
  const lines = viewLog(spans);
  if (lines.length === 0) return [];
  const block = lines
    .slice(0, MAX_ROWS)
    .map(({ message, offsetSeconds, severity }) =>
      oneLine(`${elapsed(offsetSeconds)} ${severity.padEnd(5)} ${message}`),
    );
  if (lines.length > MAX_ROWS) block.push(`… and ${lines.length - MAX_ROWS} more lines`);
  return ['', '## Log', '', ...fenced(block.join('\n'))];
}

/** Between fences that are longer than any in the text. */
function fenced(block: string): string[] {
  const fence = '`'.repeat(Math.max(3, ...[...block.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  return [fence, block, fence];
}

/** Text of strangers on one line, in which nothing is markup: neither of Markdown nor of HTML. */
function inline(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]()#+!|~]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}
