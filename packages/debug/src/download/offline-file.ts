import { createHash } from 'node:crypto';
import type { HrTime } from '@opentelemetry/api';
import { WHOLE_TRACE } from '../pages/address.ts';
import { type Html, html } from '../pages/html.ts';
import { lineRows } from '../pages/lines-rows.ts';
import { outcome } from '../pages/request-table.ts';
import { stylesheet } from '../pages/style.ts';
import { cut, duration, spaced } from '../pages/text.ts';
import { traceContent } from '../pages/trace-page.ts';
import { BUCKET_COUNT } from '../requests/buckets.ts';
import type { Family } from '../requests/family.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import type { PageSource } from '../routes/route.ts';
import type { Steps } from '../slices.ts';
import { viewRequest } from '../view/requests-view.ts';
import { meanwhile } from '../view/runtime-lane.ts';
import { isoTime } from '../view/summary.ts';
import { reportTrace } from '../view/trace-report.ts';
import { viewTrace } from '../view/trace-view.ts';
import { usualIn } from '../view/usual.ts';
import { type Chunks, writeStore } from './write-store.ts';

/** Requests that are there to read; the data below has all of them. In characters, and in number. */
const MOST_MARKUP = 4_000_000;
const MOST_REQUESTS = 400;

/** Styles of our own, by their hash, and nothing else: no script, no picture, nothing from anywhere. */
function policy(): string {
  const hash = createHash('sha256').update(stylesheet).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

/**
 * A whole store as one file of HTML: a page that any browser shows without a network or a script, and below it, where
 * no browser looks, the data of which `sonde open` makes all pages again.
 */
export function* offlineFile(source: PageSource, sensitive: boolean): Chunks {
  const { process, store } = source;
  const families = store.listFamilies();
  const writing = new Writing(source, sensitive);
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<title>requests · ${process.service}</title>
<style>`.markup;
  yield `${stylesheet}</style>\n`;
  yield html`</head>
<body>
<header class="bar">
<span class="mark">sonde</span>
<p class="process"><b>${process.service}</b> pid ${process.pid} · Node ${process.node}</p>
</header>
<main>
<h1>Requests</h1>
<p>Saved at <time>${spaced(isoTime(source.now))}</time>. To search and compare, open this file by <code>npx sonde open</code>: it holds what the pages showed.</p>
${familyTable(families)}
<h2>Running</h2>
`.markup;
  yield* writing.requests([...store.active()]);
  for (const [i, family] of families.entries()) {
    yield html`<h2 id="family-${i}">${cut(family.name, 200)}</h2>\n`.markup;
    yield* writing.requests(keptOf(family, source.now));
  }
  yield html`${writing.left > 0 && html`<p class="notice">${writing.left} more requests are in this file and have no place on this page.</p>`}
</main>
<script type="application/x-ndjson" id="sonde-store">
`.markup;
  yield* writeStore(source, sensitive);
  yield '</script>\n</body>\n</html>\n';
}

function familyTable(families: readonly Family[]): Html {
  if (families.length === 0) return html`<p class="empty">No request had finished.</p>`;
  return html`<div class="scroll"><table class="plain">
<thead><tr><th scope="col">Family</th><th scope="col" class="number">finished</th><th scope="col" class="number">failed</th><th scope="col" class="number">median</th><th scope="col" class="number">p99</th></tr></thead>
<tbody>
${families.map(({ latency, name, totals }, i) => {
  const all = latency.over('total', 0);
  const micros = (part: number) => duration(all.percentile(part) / 1e6);
  return html`<tr><th scope="row"><a href="#family-${i}">${cut(name, 200)}</a></th><td class="number">${totals[0]}</td><td class="number">${totals[BUCKET_COUNT - 1]}</td><td class="number">${micros(0.5)}</td><td class="number">${micros(0.99)}</td></tr>\n`;
})}</tbody>
</table></div>`;
}

/** Failed ones first, then the slowest. */
function keptOf(family: Family, now: HrTime): AnyRequest[] {
  const kept = new Set<AnyRequest>();
  for (let b = 0; b < BUCKET_COUNT; b++) for (const request of family.newestFirst(b)) kept.add(request);
  return [...kept].sort(
    (a, b) => Number(b.failed) - Number(a.failed) || b.elapsedSeconds(now) - a.elapsedSeconds(now),
  );
}

class Writing {
  /** Requests without a place. */
  left = 0;
  private written = 0;
  private characters = 0;
  private readonly source: PageSource;
  private readonly sensitive: boolean;

  constructor(source: PageSource, sensitive: boolean) {
    this.source = source;
    this.sensitive = sensitive;
  }

  *requests(requests: readonly AnyRequest[]): Chunks {
    if (requests.length === 0) yield html`<p class="empty">None.</p>\n`.markup;
    for (const request of requests) {
      if (this.written >= MOST_REQUESTS || this.characters >= MOST_MARKUP) {
        this.left++;
        continue;
      }
      const markup = yield* this.markup(request) as Generator<undefined, string, void>;
      this.written++;
      this.characters += markup.length;
      yield markup;
    }
  }

  private *markup(request: AnyRequest): Steps<string> {
    try {
      return offline(yield* this.request(request));
    } catch {
      // A span of a foreign SDK that cannot be read is not worth the file; the data says why.
      this.left++;
      return '';
    }
  }

  private *request(request: AnyRequest): Steps<Html> {
    const { now } = this.source;
    const look = { expanded: request.kind === 'lines', traced: false, sensitive: this.sensitive };
    const { lines, ...summary } = viewRequest(request, now, look);
    const body =
      lines === undefined
        ? yield* this.spans(request)
        : html`<table class="requests"><tbody>${lineRows(lines, summary.start, 0)}</tbody></table>`;
    return html`<details class="kept"><summary><span class="number">${duration(summary.elapsedSeconds)}</span><span>${summary.title}</span><span>${outcome(summary)}</span><span class="when">${spaced(summary.start)}</span></summary>
${body}
</details>
`;
  }

  private *spans(request: AnyRequest): Steps<Html> {
    if (request.kind !== 'spans') return html``;
    const { now, runtime, store } = this.source;
    const view = yield* viewTrace([request], now);
    const usual = yield* usualIn(store, view.requests, now);
    const during = yield* meanwhile(view, [request], undefined, now, runtime);
    const report = yield* reportTrace(view, usual, undefined, during);
    return yield* traceContent(report, '', WHOLE_TRACE);
  }
}

/**
 * Links lead within the file, or nowhere, and names that each request has are left out. What strangers wrote holds no
 * quotation mark: the template replaced them.
 */
function offline({ markup }: Html): string {
  return markup
    .replace(/ <a class="aside"[^>]*>[^<]*<\/a>/g, '')
    .replace(/ (?:id|aria-labelledby)="(?:why|log)"/g, '')
    .replace(/ href="([^"]*)"/g, (_, address: string) => {
      const within = /#[0-9a-f]{16}$/.exec(address)?.[0];
      return within === undefined ? '' : ` href="${within}"`;
    });
}
