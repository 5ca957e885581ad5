import { type ClientPhases, PHASE_NAMES } from '../analysis/client-phases.ts';
import { curlOf } from '../forms/curl.ts';
import { SPAN_ID, TRACE_ID } from '../forms/read-otlp.ts';
import { attributeTerm } from '../query/write-query.ts';
import { isSecretKey } from '../secrets.ts';
import type { SpanReport } from '../view/trace-report.ts';
import type { EventView, SpanReference, SpanView } from '../view/trace-view.ts';
import { searchAddress } from './address.ts';
import { type Html, html } from './html.ts';
import { cut, duration, elapsed, TITLE_LIMIT } from './text.ts';

/**
 * All that is known of one span, below its row.
 *
 * @param base relative way to the mount point: an attribute leads to all requests that have it
 * @param several whether the trace has spans of other processes too
 */
export function spanDetail(span: SpanReport, base: string, several: boolean): Html {
  const exceptions = span.events.filter(({ name }) => name === 'exception');
  return html`<div class="detail">
${exceptions.map(exception)}
${facts(span, several)}
${span.phases !== undefined && timing(span.phases, span.elapsedSeconds)}
${attributes('Attributes', span.attributes, base)}
${span.events.length > 0 && events(span.events)}
${span.links.map((link) => html`<h3>Link</h3><p>to ${linked(link)}</p>${attributes('', link.attributes)}`)}
${span.linkedFrom.map((link) => html`<h3>Linked from</h3><p>${linked(link)}</p>`)}
</div>`;
}

/** A program may link to anything that has the form of a context: `javascript:` is no trace, nor `//elsewhere`. */
function linked({ spanId, traceId }: SpanReference): Html {
  const [trace, span] = [traceId.toLowerCase(), spanId.toLowerCase()];
  const name = html`trace ${cut(traceId, TITLE_LIMIT)}, span ${cut(spanId, TITLE_LIMIT)}`;
  return TRACE_ID.test(trace) && SPAN_ID.test(span) ? html`<a href="${trace}#${span}">${name}</a>` : name;
}

/** An error is read before anything else. */
function exception({ attributes }: EventView): Html {
  const type = attributes['exception.type'];
  const message = attributes['exception.message'];
  const stack = attributes['exception.stacktrace'];
  return html`<div class="exception"><p><b>${typeof type === 'string' && type}</b> ${typeof message === 'string' && message}</p>${typeof stack === 'string' && html`<pre>${stack}</pre>`}</div>`;
}

function facts(span: SpanReport, several: boolean): Html {
  const curl = curlOf(span);
  return html`<dl class="facts">
<div><dt>Span</dt><dd><code class="copy">${span.spanId}</code></dd></div>
${span.parentSpanId !== undefined && html`<div><dt>Parent</dt><dd>${parentOf(span)}</dd></div>`}
${several && html`<div><dt>Service</dt><dd>${span.service}</dd></div>`}
<div><dt>Kind</dt><dd>${span.kind}</dd></div>
<div><dt>Status</dt><dd>${span.status.code}${span.status.message !== undefined && `: ${span.status.message}`}</dd></div>
<div><dt>Offset (s)</dt><dd class="number">${elapsed(span.offsetSeconds)}</dd></div>
<div><dt>Elapsed (s)</dt><dd class="number">${elapsed(span.elapsedSeconds)}${span.active && ', running'}</dd></div>
<div><dt>Self (s)</dt><dd class="number">${elapsed(span.selfSeconds)}</dd></div>
<div><dt>Scope</dt><dd>${span.scope}</dd></div>
${dropped(span)}
${curl !== undefined && html`<div><dt>curl</dt><dd><code class="copy">${curl}</code></dd></div>`}
</dl>`;
}

function parentOf({ parent, parentSpanId }: SpanView): Html {
  if (parent === 'here') return html`<a href="#${parentSpanId}"><code>${parentSpanId}</code></a>`;
  return html`<code class="copy">${parentSpanId}</code> ${parent === 'remote' ? '(another process)' : '(not kept here)'}`;
}

function dropped({ dropped: { attributes, events, links } }: SpanView): Html | undefined {
  if (attributes + events + links === 0) return undefined;
  return html`<div><dt>Dropped</dt><dd>${attributes} attributes, ${events} events, ${links} links beyond the limits</dd></div>`;
}

/** As the timing tab of a browser's developer tools: a bar for each phase, in the order of time. */
function timing({ reused, spans }: ClientPhases, total: number): Html {
  const scale = total > 0 ? 1000 / total : 0;
  return html`<h3>Timing${reused !== undefined && html` <small>${reused ? 'on a connection that was there' : 'on a new connection'}</small>`}</h3>
<table class="timing"><tbody>
${spans.map(
  ({ end, phase, start }) => html`<tr><th scope="row">${PHASE_NAMES[phase]}</th>
<td><svg class="line" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="phase-${phase}" x="${(start * scale).toFixed(1)}" y="1" width="${Math.max(1.5, (end - start) * scale).toFixed(1)}" height="8"/></svg></td>
<td class="number">${duration(end - start)}</td></tr>`,
)}
</tbody></table>`;
}

function attributes(title: string, values: object, base?: string): Html | undefined {
  const entries = Object.entries(values);
  if (entries.length === 0) return undefined;
  const heading = (key: string, value: unknown) => {
    if (base === undefined || isSecretKey(key) || !isAskable(value)) return html`${key}`;
    return html`<a href="${base}requests${searchAddress(attributeTerm(key, value))}">${key}</a>`;
  };
  return html`${title !== '' && html`<h3>${title}</h3>`}<table class="attributes"><tbody>
${entries.map(([key, value]) => html`<tr><th scope="row">${heading(key, value)}</th><td>${valueText(value)}</td></tr>`)}
</tbody></table>`;
}

/** Longer values are nobody else's. */
const LONGEST_ASKED = 100;

function isAskable(value: unknown): value is string | number | boolean {
  return typeof value === 'string'
    ? value.length <= LONGEST_ASKED
    : typeof value === 'number' || typeof value === 'boolean';
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function events(list: readonly EventView[]): Html {
  return html`<h3>Events</h3><table class="events"><thead><tr><th scope="col" class="number">+ s</th><th scope="col">Event</th><th scope="col">Attributes</th></tr></thead><tbody>
${list.map((event) => html`<tr><td class="number">${elapsed(event.offsetSeconds)}</td><th scope="row">${event.name}</th><td>${eventAttributes(event)}</td></tr>`)}
</tbody></table>`;
}

/** The stack of an exception stands above all; anything else reads as `key=value`. */
function eventAttributes({ attributes }: EventView): Html[] {
  return Object.entries(attributes)
    .filter(([key]) => key !== 'exception.stacktrace')
    .map(([key, value]) => html`<span class="pair"><b>${key}</b>=${valueText(value)}</span> `);
}
