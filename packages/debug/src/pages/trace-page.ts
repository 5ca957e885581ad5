import type { EventView, SpanView, TraceView } from '../view/trace-view.ts';
import { type Html, html } from './html.ts';
import { outcome } from './requests-page.ts';
import { duration, elapsed } from './text.ts';

/** More rows take too long to render and to read; the JSON form has them all. */
const MAX_ROWS = 500;
/** Deeper spans are indented no further. */
const MAX_INDENT = 24;

/** `/debug/requests/trace/{traceId}`: every span of the trace in this process, as a waterfall. */
export function tracePage(trace: TraceView, base: string): Html {
  const rows = trace.spans.slice(0, MAX_ROWS);
  const hidden = trace.spans.length - rows.length;
  return html`<h1>${trace.requests[0]?.title}</h1>
<dl class="facts">
<div><dt>Trace</dt><dd><code>${trace.traceId}</code></dd></div>
<div><dt>Started</dt><dd>${trace.start.replace('T', ' ')}</dd></div>
<div><dt>Took</dt><dd>${duration(trace.seconds)}</dd></div>
${trace.requests.map(
  (request) => html`<div><dt>Outcome</dt><dd>${outcome(request)}</dd></div>
<div><dt>Family</dt><dd><a href="${base}requests?fam=${encodeURIComponent(request.family.toWellFormed())}&amp;b=${request.active ? -1 : 0}">${request.family}</a></dd></div>
`,
)}</dl>
<div class="waterfall">
<div class="scale" aria-hidden="true"><ol>${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<li>${part === 0 ? 0 : duration(trace.seconds * part)}</li>`)}</ol></div>
${rows.map((span) => row(span, trace.seconds))}
</div>
${hidden > 0 && html`<p class="notice">${hidden} more spans are not shown here; they are in <a href="${trace.traceId}.json">the JSON form</a>.</p>`}
<p class="store">The same as <a href="${trace.traceId}.json">JSON</a>. Spans of other processes are on their pages, under the same trace id.</p>`;
}

function row(span: SpanView, total: number): Html {
  return html`<details class="span${span.error && ' failed'}${span.active && ' running'}" id="${span.spanId}"${span.error && html` open`}>
<summary>
<span class="name depth-${Math.min(span.depth, MAX_INDENT)}">${parentMark(span)}${span.name}${span.target !== undefined && html` <small>${span.target}</small>`}</span>
${bar(span, total)}
<span class="took">${duration(span.elapsedSeconds)}</span>
</summary>
<div class="detail">
${facts(span)}
${attributes('Attributes', span.attributes)}
${span.events.length > 0 && events(span.events)}
${span.links.map((link) => html`<h3>Link</h3><p>to <a href="${link.traceId}#${link.spanId}">trace ${link.traceId}, span ${link.spanId}</a></p>${attributes('', link.attributes)}`)}
</div>
</details>
`;
}

/** Spans whose parent is not in this list say so. */
function parentMark({ parent, parentSpanId }: SpanView): Html | undefined {
  if (parent === 'remote')
    return html`<span class="mark-remote" title="called by span ${parentSpanId} of another process">⇢ </span>`;
  if (parent === 'missing')
    return html`<span class="mark-missing" title="its parent, span ${parentSpanId}, is not kept here">missing parent ⇢ </span>`;
  return undefined;
}

/** A bar on a line of 1,000 units; SVG attributes, because the page's policy allows no inline style. */
function bar({ active, elapsedSeconds, events, kind, offsetSeconds }: SpanView, total: number): Html {
  const scale = total > 0 ? 1000 / total : 0;
  const x = clamp(offsetSeconds * scale);
  const width = Math.max(1.5, Math.min(clamp(elapsedSeconds * scale), 1000 - x));
  return html`<svg class="line" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true"><rect class="kind-${kind}${active && ' open'}" x="${x.toFixed(1)}" y="3" width="${width.toFixed(1)}" height="10" rx="1"/>${events.slice(0, 50).map((event) => tick(x + clamp(event.offsetSeconds * scale)))}</svg>`;
}

function tick(x: number): Html {
  const at = Math.min(999, x).toFixed(1);
  return html`<line x1="${at}" x2="${at}" y1="3" y2="13"/>`;
}

function clamp(x: number): number {
  return Math.min(1000, Math.max(0, x));
}

function facts(span: SpanView): Html {
  return html`<dl class="facts">
<div><dt>Span</dt><dd><code>${span.spanId}</code></dd></div>
${span.parentSpanId !== undefined && html`<div><dt>Parent</dt><dd><code>${span.parentSpanId}</code>${span.parent === 'remote' ? ' (another process)' : span.parent === 'missing' ? ' (not kept here)' : ''}</dd></div>`}
<div><dt>Kind</dt><dd>${span.kind}</dd></div>
<div><dt>Status</dt><dd>${span.status.code}${span.status.message !== undefined && `: ${span.status.message}`}</dd></div>
<div><dt>Offset (s)</dt><dd>${elapsed(span.offsetSeconds)}</dd></div>
<div><dt>Elapsed (s)</dt><dd>${elapsed(span.elapsedSeconds)}${span.active && ', running'}</dd></div>
<div><dt>Scope</dt><dd>${span.scope}</dd></div>
${dropped(span)}
</dl>`;
}

function dropped({ dropped: { attributes, events, links } }: SpanView): Html | undefined {
  if (attributes + events + links === 0) return undefined;
  return html`<div><dt>Dropped</dt><dd>${attributes} attributes, ${events} events, ${links} links beyond the limits</dd></div>`;
}

function attributes(title: string, values: object): Html | undefined {
  const entries = Object.entries(values);
  if (entries.length === 0) return undefined;
  return html`${title !== '' && html`<h3>${title}</h3>`}<table class="attributes"><tbody>
${entries.map(([key, value]) => html`<tr><th scope="row">${key}</th><td>${valueText(value)}</td></tr>`)}
</tbody></table>`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function events(list: readonly EventView[]): Html {
  return html`<h3>Events</h3><table class="events"><thead><tr><th scope="col" class="number">+ s</th><th scope="col">Event</th><th scope="col">Attributes</th></tr></thead><tbody>
${list.map((event) => html`<tr><td class="number">${elapsed(event.offsetSeconds)}</td><th scope="row">${event.name}</th><td>${eventAttributes(event)}</td></tr>`)}
</tbody></table>`;
}

/** An exception reads as its stack does; anything else as `key=value`. */
function eventAttributes({ attributes }: EventView): Html {
  const { 'exception.stacktrace': stack, ...rest } = attributes;
  const pairs = Object.entries(rest).map(
    ([key, value]) => html`<span class="pair"><b>${key}</b>=${valueText(value)}</span> `,
  );
  return html`${pairs}${stack !== undefined && html`<pre>${valueText(stack)}</pre>`}`;
}
