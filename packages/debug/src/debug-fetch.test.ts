import { afterEach, expect, it, vi } from 'vitest';
import { debugFetch } from './debug-fetch.ts';
import { RequestStore } from './requests/request-store.ts';
import { turn } from './slices.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Of more chunks than streams keep ready. */
async function download() {
  const store = new RequestStore({ perBucket: 400 });
  for (let i = 0; i < 400; i++) {
    const trace = store.beginTrace('mail', `to ${i}`);
    trace.lazyPrintf('%s', 'x'.repeat(900));
    trace.finish();
  }
  const response = await debugFetch({ store })(new Request('http://localhost/debug/download'), {
    remoteAddress: '127.0.0.1',
  });
  const body = response?.body ?? new ReadableStream();
  return body.pipeThrough(new TextDecoderStream()).getReader();
}

async function rest(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
  }
}

it('a download is whole as a web Response', async () => {
  expect(await rest(await download())).toMatch(/<\/html>\s*$/);
});

it('a download that nobody reads for long fails, and does not pass for the whole', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const reader = await download();
  expect((await reader.read()).value).toMatch(/^<!doctype html>/i);
  // Until what streams keep ready is made: each piece of it takes a turn of the event loop at most.
  for (let i = 0; i < 2_000; i++) await turn();
  vi.advanceTimersByTime(30_000);
  await expect(rest(reader)).rejects.toThrow('sonde: this was not read for too long, or was ended');
});
