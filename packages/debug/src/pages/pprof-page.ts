import type { PprofView, ProfileView } from '../view/pprof-view.ts';
import { aligned } from './aligned.ts';
import { type Html, html } from './html.ts';
import { oneLine } from './text.ts';

/** What DevTools opens: by suffix. */
const DEVTOOLS: Readonly<Record<string, string>> = {
  profile: '.cpuprofile',
  heap: '.heapprofile',
  allocs: '.heapprofile',
};

/** `/debug/pprof/`: which profiles there are. */
export function pprofPage({ profiles, underWay }: PprofView, base: string): Html {
  return html`<h1>Profiles</h1>
${underWay !== undefined && html`<p class="notice">Just now, ${underWay} is being taken; another one is refused meanwhile.</p>`}
<div class="scroll"><table class="plain">
<thead><tr><th scope="col" class="number">Count</th><th scope="col">Profile</th><th scope="col">what it tells</th><th scope="col">as</th></tr></thead>
<tbody>
${profiles.map((profile) => row(profile, base))}</tbody>
</table></div>
<p class="soft note">One is taken at a time. To begin a CPU profile holds the event loop up for 10 to 100 ms, once. With Go’s tool: <code>go tool pprof -http=: http://…/debug/pprof/profile?seconds=10</code></p>`;
}

function row({ count, description, name }: ProfileView, base: string): Html {
  const at = `${base}pprof/${encodeURIComponent(name)}`;
  const taken = count === undefined;
  const devTools = DEVTOOLS[name];
  return html`<tr><td class="number">${count}</td><th scope="row"><a href="${at}?debug=1${taken && '&seconds=5'}">${name}</a></th><td>${description}</td><td class="ways"><a href="${at}?ui=1${taken && '&seconds=5'}" rel="nofollow">flame graph</a> <a href="${at}${taken && '?seconds=5'}" rel="nofollow">pprof</a>${
    devTools !== undefined && html` <a href="${at}${devTools}?seconds=5" rel="nofollow">DevTools</a>`
  }</td></tr>
`;
}

/** The same for a terminal. */
export function pprofText({ profiles, underWay }: PprofView): string {
  const rows = profiles.map(({ count, description, name }) => [`${count ?? ''}`, oneLine(name), description]);
  const now = underWay === undefined ? '' : `${underWay} is being taken\n`;
  return now + aligned([['count', 'profile', 'what it tells'], ...rows], (column) => column > 0);
}
