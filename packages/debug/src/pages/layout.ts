import { type Html, html } from './html.ts';

/** What every page shows around its own. */
export interface Frame {
  /** Relative way from the page to the mount point (`/debug/`), so that the pages work under any path. */
  readonly base: string;
  readonly title: string;
  readonly process: ProcessView;
  /** ISO 8601. */
  readonly renderedAt: string;
  /** Whether the page is kept up to date while it is open. */
  readonly live: boolean;
}

export interface ProcessView {
  readonly service: string;
  readonly pid: number;
  readonly node: string;
  readonly uptimeSeconds: number;
  /** It is not this process: the pages show what was saved of it. */
  readonly saved?: true;
}

/** Written out in a tagged template, bundlers make a helper of their own of it. */
const scriptEnd = '/script';

export function layout({ base, live, process, renderedAt, title }: Frame, main: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${process.service}</title>
<link rel="stylesheet" href="${base}sonde.css">
<script type="module" src="${base}sonde.js"><${scriptEnd}>
</head>
<body>
<header class="bar">
<a class="mark" href="${base}">sonde</a>
<nav aria-label="Pages"><a data-key="r" href="${base}requests">requests</a> <a data-key="x" href="${base}errors">errors</a> <a data-key="e" href="${base}events">events</a> <a data-key="p" href="${base}pprof">pprof</a> <a data-key="v" href="${base}vars">vars</a> <a data-key="a" href="${base}sonde" title="what Sonde itself holds, drops and costs">about</a></nav>
<p class="process"><b>${process.service}</b> pid ${process.pid} · Node ${process.node}${process.saved && ' · from a file'}</p>
</header>
<main${live && html` data-live`}>
${main}
</main>
<footer>as of <time>${renderedAt}</time> · <a href="">reload</a></footer>
</body>
</html>
`;
}
