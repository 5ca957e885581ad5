import { morph } from './morph.js';
import { bar, footer, isLive, main, make, say } from './page.js';
import { keepingRow } from './rows.js';

/** In milliseconds, between the end of a connection and the next; doubled each time that there is none. */
const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

const STATES = {
  on: 'live',
  held: 'live, held',
  paused: 'paused',
  lost: 'reconnecting',
  refused: 'not live',
};

const button = make('button', { type: 'button', className: 'live', title: 'pause, or go on (p)' }, STATES.on);
let wanted = true;
let connection;
let retry;
/** The latest that came while somebody was busy with the page. */
let held;

function state(name) {
  button.dataset.state = name;
  button.textContent = STATES[name];
}

/** Whoever points into a list or has marked text is about to use what is there. */
function busy() {
  const selection = getSelection();
  const marked = selection !== null && !selection.isCollapsed && main.contains(selection.anchorNode);
  return marked || main.querySelector('.requests:hover') !== null;
}

function show(update) {
  held = busy() ? update : undefined;
  state(held ? 'held' : 'on');
  if (held) return;
  keepingRow(() => morph(main, new DOMParser().parseFromString(update.markup, 'text/html').body));
  footer.querySelector('time').textContent = update.at;
}

/** Reads events until there are no more. Source: HTML, "Interpreting an event stream". */
async function read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (text + value).split('\n\n');
    text = events.pop();
    for (const event of events) {
      const lines = event.split('\n');
      const field = (name) =>
        lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
      const markup = field('data: ');
      if (markup.length > 0) show({ at: field('id: ')[0], markup: markup.join('\n') });
    }
  }
}

async function connect(pause) {
  const mine = new AbortController();
  connection = mine;
  let next = Math.min(pause * 2, LONGEST_PAUSE);
  try {
    const headers = { accept: 'text/event-stream' };
    const response = await fetch(location.href, { headers, signal: mine.signal });
    if (response.headers.get('content-type') !== 'text/event-stream') {
      wanted = false;
      state('refused');
      say(response.ok ? 'This page is not kept up to date any more.' : await response.text(), 10_000);
      return;
    }
    state('on');
    next = SHORTEST_PAUSE;
    await read(response.body);
  } catch {
    // There is no connection; or it was let go, by whoever made another or wants none.
  }
  if (connection !== mine) return;
  state('lost');
  retry = setTimeout(connect, pause, next);
}

/** A hidden page is not kept up to date: nobody sees it. */
function follow() {
  clearTimeout(retry);
  connection?.abort();
  connection = undefined;
  if (!wanted) state('paused');
  else if (!document.hidden) connect(SHORTEST_PAUSE);
}

export function toggle() {
  wanted = !wanted;
  follow();
  say(wanted ? 'Live update goes on.' : 'Live update is paused.');
}

if (isLive) {
  bar.append(button);
  button.addEventListener('click', toggle);
  for (const event of ['selectionchange', 'pointerover']) {
    document.addEventListener(event, () => held && wanted && show(held));
  }
  document.addEventListener('visibilitychange', follow);
  addEventListener('pageshow', ({ persisted }) => persisted && follow());
  follow();
}
