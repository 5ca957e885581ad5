import { describe, expect, it } from 'vitest';
import { RequestStore } from '../requests/request-store.ts';
import type { PageSource } from '../routes/route.ts';
import { HEARTBEAT, wantsUpdates } from './event-stream.ts';
import { livePage } from './live-page.ts';
import { LivePages } from './live-pages.ts';
import { type LivePage, updates } from './updates.ts';

/** A store at a moment of ours, and one page of it whose seconds pass when they are asked for. */
function watch(path = '/requests', query = '') {
  let seconds = 1_700_000_000;
  const store = new RequestStore({ now: () => seconds * 1000 });
  const process = { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 };
  const source = (): PageSource => ({ store, process, now: [seconds, 0] });
  let rendered = 0;
  const asked = { path, query: new URLSearchParams(query), accept: 'text/event-stream', sensitive: true };
  const page = livePage(
    asked,
    () => {
      rendered++;
      return source();
    },
    () => true,
  ) as LivePage;
  // A machine that is busy is slow to render, which is not what is looked at.
  const quick: LivePage = { ...page, render: async () => ({ ...(await page.render()), millis: 0 }) };
  const ending = new AbortController();
  const chunks = updates(quick, ending.signal, async () => {
    seconds++;
    ticks++;
    return true;
  });
  let ticks = 0;
  return {
    store,
    ending,
    rendered: () => rendered,
    /** What comes next, and how many seconds it took. */
    async next() {
      ticks = 0;
      const { done, value } = await chunks.next();
      return { done, text: value ?? '', seconds: ticks };
    },
  };
}

describe('a page that is kept up to date', () => {
  it('is sent at once, as the markup inside its frame', async () => {
    const { next, store } = watch();
    store.beginTrace('mail', 'to all').finish();
    const { seconds, text } = await next();
    expect(seconds).toBe(0);
    expect(text).toMatch(/^id: 2023-11-14T22:13:20\.000000Z\ndata: <h1>Requests<\/h1>\n/);
    expect(text).toMatch(/[^\n]\n\n$/);
    expect(text.slice(0, -2)).not.toContain('\n\n');
    expect(text).toContain('title="mail"');
    expect(text).not.toMatch(/<main|<html|<footer/);
  });

  it('is sent again a second after a request has ended, once for all that ended meanwhile', async () => {
    const { next, store } = watch();
    await next();
    for (let i = 0; i < 50; i++) store.beginTrace('mail', 'to all').finish();
    const { seconds, text } = await next();
    expect(seconds).toBe(1);
    expect(text).toContain('>50</a>');
  });

  it('is neither sent nor rendered while nothing happens, but for a look each fifteen seconds', async () => {
    const { next, rendered } = watch();
    await next();
    const before = rendered();
    const { seconds, text } = await next();
    expect([seconds, text]).toEqual([15, HEARTBEAT]);
    expect(rendered() - before).toBe(1);
  });

  it('is sent when the last minute of its families is over, though nothing happened', async () => {
    const { next, store } = watch();
    store.beginTrace('mail', 'to all').finish();
    expect((await next()).text).toContain('histogram: minute');
    const later: string[] = [];
    for (let i = 0; i < 6; i++) later.push((await next()).text);
    const update = later.find((text) => text !== HEARTBEAT);
    expect(update).not.toContain('histogram: minute');
    expect(update).toContain('histogram: hour');
  });

  it('is sent each second while a request runs, because its age is on the page', async () => {
    const { next, store } = watch();
    store.beginTrace('mail', 'to all');
    await next();
    for (const age of ['1.000000', '2.000000', '3.000000']) {
      const { seconds, text } = await next();
      expect(seconds).toBe(1);
      expect(text).toContain(age);
    }
  });

  it('is what was chosen on it, and a sentence when that is not there', async () => {
    const { next, store } = watch('/requests', 'fam=mail&b=0');
    expect((await next()).text).toContain('There is no bucket 0 of a family mail.');
    store.beginTrace('mail', 'to all').finish();
    expect((await next()).text).toContain('Showing <b>1</b> of <b>1</b>');
  });

  it('is told of each entry of an event log', async () => {
    const { next, store } = watch('/events', 'fam=pool&b=0&exp=1');
    const log = store.eventLogs.begin('pool', 'db-1', '');
    await next();
    for (const entries of [1, 2, 3]) {
      log.printf('dialed');
      expect((await next()).text.match(/dialed/g)).toHaveLength(entries);
    }
    log.finish();
    expect((await next()).text).toContain('There is no bucket 0 of a family pool.');
  });

  it('misses states in between when it is read slowly, and nothing is kept for it', async () => {
    const { next, rendered, store } = watch();
    await next();
    const before = rendered();
    for (let i = 0; i < 1_000; i++) store.beginTrace('mail', `mail ${i}`).finish();
    expect(rendered()).toBe(before);
    expect((await next()).text).toContain('>1000</a>');
    expect(rendered()).toBe(before + 1);
  });

  it.each([
    [0, 1],
    [4, 1],
    [4.1, 2],
    [12, 3],
    [40, 10],
    [1_000, 10],
  ])('that takes %d ms of the event loop is looked at after %d seconds', async (millis, seconds) => {
    let ticks = 0;
    const page: LivePage = {
      revision: () => ticks,
      ages: () => true,
      served: () => true,
      render: async () => ({ markup: `${ticks}`, at: '', millis }),
    };
    const tick = async () => ++ticks > 0;
    const chunks = updates(page, new AbortController().signal, tick);
    await chunks.next();
    for (const times of [1, 2, 3]) {
      await chunks.next();
      expect(ticks).toBe(times * seconds);
    }
  });

  it('ends after ten minutes, so that whoever looks is judged anew', async () => {
    const { next } = watch();
    let seconds = 0;
    for (let i = 0; i < 1_000; i++) {
      const chunk = await next();
      seconds += chunk.seconds;
      if (chunk.done) break;
    }
    expect(seconds).toBe(600);
  });

  it('ends when whoever read it has gone', async () => {
    const { ending, next } = watch();
    await next();
    ending.abort();
    expect((await next()).done).toBe(true);
  });
});

describe('pages that are kept up to date', () => {
  const still: LivePage = {
    revision: () => 0,
    ages: () => false,
    served: () => true,
    render: async () => ({ markup: '', at: '', millis: 0 }),
  };

  it('are so many and no more; one that ends gives its place, once', () => {
    const pages = new LivePages(2);
    const [first, second, third] = [pages.begin(still), pages.begin(still), pages.begin(still)];
    expect(third).toMatch(/^sonde: 2 pages are being kept up to date, .* reload this one/);
    if (typeof first === 'string' || typeof second === 'string') throw new Error('the first two are allowed');
    first.end();
    first.end();
    expect(pages.begin(still)).toBeTypeOf('object');
    expect(pages.begin(still)).toBeTypeOf('string');
  });

  it('end when their owner closes, and there are no others', async () => {
    const pages = new LivePages(2);
    const stream = pages.begin(still);
    if (typeof stream === 'string') throw new Error(stream);
    const chunks = stream.chunks[Symbol.asyncIterator]();
    await chunks.next();
    const next = chunks.next();
    pages.close();
    expect((await next).done).toBe(true);
    expect(pages.begin(still)).toMatch(/^sonde: live update has ended/);
  });
});

it.each([
  ['text/event-stream', true],
  ['Text/Event-Stream; charset=utf-8', true],
  ['text/html, text/event-stream', false],
  ['*/*', false],
  ['', false],
  [undefined, false],
])('Accept: %s asks for updates: %s', (accept, wanted) => {
  expect(wantsUpdates(accept)).toBe(wanted);
});

it.each(['/', '/requests.json', '/requests/trace/x', '/sonde.js', '/nothing'])(
  '%s is not kept up to date',
  (path) => {
    const asked = { path, query: new URLSearchParams(), accept: '', sensitive: true };
    const store = new RequestStore();
    const process = { service: '', pid: 0, node: '', uptimeSeconds: 0 };
    expect(
      livePage(
        asked,
        () => ({ store, process, now: [0, 0] }),
        () => true,
      ),
    ).toBeUndefined();
  },
);
