import { type Html, html } from './html.ts';

/** `/debug/`: what there is. */
export function indexPage(base: string): Html {
  return html`<h1>/debug/</h1>
<ul class="pages">
<li><a href="${base}requests">requests</a> every request of this process, by family and latency; the running ones too. Also as <a href="${base}requests.json">JSON</a> and <a href="${base}requests.txt">text</a>.</li>
<li><a href="${base}errors">errors</a> what went wrong in them, by type and place. Also as <a href="${base}errors.json">JSON</a> and <a href="${base}errors.txt">text</a>.</li>
<li><a href="${base}events">events</a> what happened to things that live long, by family and the age of their last error. Also as <a href="${base}events.json">JSON</a> and <a href="${base}events.txt">text</a>.</li>
<li><a href="${base}pprof">pprof</a> profiles: where the CPU goes, who holds the memory, and what the program counts itself. For <code>go tool pprof</code>, Chrome DevTools, and here. Also as <a href="${base}pprof.json">JSON</a> and <a href="${base}pprof.txt">text</a>.</li>
<li><a href="${base}vars">vars</a> the runtime: memory, garbage collection, event loop, CPU, and what the program publishes. Also as <a href="${base}vars.json">JSON</a>, <a href="${base}vars.txt">text</a> and for <a href="${base}vars.prom">Prometheus</a>.</li>
<li><a href="${base}sonde">sonde</a> Sonde itself: what it holds, drops, costs and watches, and why there are no spans. Also as <a href="${base}sonde.json">JSON</a> and <a href="${base}sonde.txt">text</a>.</li>
<li><a href="${base}download">download</a> everything that is kept here, as one file that any browser opens, and <code>npx sonde open</code> too; <a href="${base}download?show_sensitive=1">with sensitive lines</a>.</li>
</ul>`;
}

/** A page that says one thing: not found, or gone. */
export function noticePage(title: string, sentence: string): Html {
  return html`<h1>${title}</h1><p class="notice" role="alert">${sentence}</p>`;
}
