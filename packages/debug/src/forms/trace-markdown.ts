import { viewLog } from '../logs/log-view.ts';
import { duration, elapsed, oneLine } from '../pages/text.ts';
import type { PeerNote } from '../view/peers-view.ts';
import type { RuntimeLane } from '../view/runtime-lane.ts';
import { timeOf, titleOf } from '../view/span-title.ts';
import type { SpanView, TraceProcess, TraceView } from '../view/trace-view.ts';
import type { Reason } from '../why/why.ts';
import { failureOf } from './failure.ts';

const MAX_ROWS = 100;
/** Failed spans that are told with their stacks, wherever they stand. */
const MAX_FAILURES = 50;

/** A trace for a ticket or an agent: what happened, why, the spans as a table, errors with their stacks. */
export function traceMarkdown(
  trace: TraceView,
  reasons: readonly Reason[],
  notes: readonly PeerNote[] = [],
  runtime?: RuntimeLane,
): string {
  const { processes, requests, service, spans, start, traceId } = trace;
  const several = processes.length > 1;
  const shown = spans.slice(0, MAX_ROWS);
  const failed = spans.filter(({ error }) => error);
  return [
    `# ${inline(requests[0]?.title ?? 'trace')}`,
    '',
    ...(several
      ? [`- processes: ${processes.map(processText).join(', ')}`]
      : [`- service: ${inline(service)}`]),
    `- trace: \`${traceId}\``,
    `- started: ${start}`,
    `- took: ${timeOf(trace)}`,
    ...(runtime === undefined ? [] : [`- meanwhile: ${runtimeText(runtime)}`]),
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
    ...failed.slice(0, MAX_FAILURES).flatMap(failure),
    ...(failed.length > MAX_FAILURES
      ? ['', `${failed.length - MAX_FAILURES} more spans failed; the JSON form has them.`]
      : []),
    ...log(spans),
    '',
  ].join('\n');
}

function runtimeText({ busySeconds, gcSeconds, stalls }: RuntimeLane): string {
  const still = stalls.reduce((sum, { end, start }) => sum + end - start, 0);
  const stood = still === 0 ? '' : `, of which it stood still for ${duration(still)}`;
  return `event loop busy for ${duration(busySeconds)}${stood}; garbage collected for ${duration(gcSeconds)}`;
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
  const text = failureOf(span);
  return text === undefined ? [] : ['', `## Error in ${inline(titleOf(span))}`, '', ...fenced(text)];
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

/** What was written by hand in the trace. */
export function byHandMarkdown(text: string): string {
  return ['', '## By hand', '', ...fenced(text.trimEnd()), ''].join('\n');
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
