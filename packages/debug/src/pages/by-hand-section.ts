import { atOnce } from '../slices.ts';
import type { RequestSummary } from '../view/summary.ts';
import { type Html, html } from './html.ts';
import { requestTable } from './request-table.ts';

/** What was written by hand in a trace, below its spans. */
export function byHandSection(requests: readonly RequestSummary[], base: string): Html {
  return html`<h2 id="by-hand">By hand</h2>
${atOnce(requestTable(requests, base))}`;
}

/** The same where there are no spans of the trace. */
export function byHandPage(traceId: string, requests: readonly RequestSummary[], base: string): Html {
  return html`<h1>Trace <code>${traceId}</code></h1>
<p>No spans of it are kept here; what was written by hand is.</p>
${byHandSection(requests, base)}`;
}
