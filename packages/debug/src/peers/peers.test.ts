import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authorityOfUrl } from './peer.ts';
import { Peers, peersOf } from './peers.ts';

const TRACE = 'a'.repeat(32);
const HEAD = '{"resourceSpans":[],"sonde":{}}\n';
let runtime: string;
const undo: (() => void)[] = [];

beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'sonde-meet-'));
  mkdirSync(join(runtime, 'sonde'), { mode: 0o700 });
  vi.stubEnv('XDG_RUNTIME_DIR', runtime);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(runtime, { recursive: true, force: true });
  for (const one of undo.splice(0)) one();
});

/** Announced by a process that is there: whoever runs the tests. */
function announce(url: string, service: string, thread: number): void {
  const text = JSON.stringify({ url, service });
  writeFileSync(join(runtime, 'sonde', `${process.ppid}-${thread}.json`), text, { mode: 0o600 });
}

async function serve(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/debug`;
}

const nowhere: ReadonlySet<string> = new Set();
const empty: http.RequestListener = (_request, response) => response.end(HEAD);

describe('other processes', () => {
  it('are nobody, where none is listed and none to be found', () => {
    expect(peersOf(undefined)).toBeUndefined();
    expect(peersOf({ urls: [], discover: false, token: 'x' })).toBeUndefined();
    expect(peersOf({ discover: true })).toBeDefined();
  });

  it('are asked at once, each for itself', async () => {
    const waiting: (() => void)[] = [];
    // None answers before all were asked.
    const listener: http.RequestListener = (_request, response) => {
      waiting.push(() => response.end(HEAD));
      if (waiting.length === 3) for (const answer of waiting) answer();
    };
    const urls = await Promise.all([serve(listener), serve(listener), serve(listener)]);
    const { answers } = await new Peers({ urls, timeoutMillis: 20_000 }).hear(TRACE, nowhere);
    expect(answers.map(({ failure, peer }) => [failure, peer.url])).toEqual(
      urls.map((url) => [undefined, url]),
    );
  });

  it('may be one, without brackets around it', async () => {
    const url = await serve(empty);
    const { answers } = await new Peers({ urls: url as never, timeoutMillis: 10_000 }).hear(TRACE, nowhere);
    expect(answers.map(({ failure, peer }) => [peer.url, failure])).toEqual([[url, undefined]]);
  });

  it('that are listed and announced are asked once, by the name that they gave themselves', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked++;
      empty(request, response);
    });
    announce(url.replace('127.0.0.1', 'localhost'), 'orders', 0);
    const { answers } = await new Peers({ urls: [url], discover: true }).hear(TRACE, nowhere);
    expect(answers.map(({ peer }) => peer)).toEqual([{ url, name: 'orders', known: 'listed' }]);
    expect(asked).toBe(1);
    const named = await new Peers({ urls: [`mine=${url}`], discover: true }).hear(TRACE, nowhere);
    expect(named.answers.map(({ peer }) => peer.name)).toEqual(['mine']);
  });

  it('that are announced are left alone, unless they are to be found', async () => {
    const url = await serve(empty);
    announce(url, 'orders', 0);
    const other = await serve(empty);
    expect((await new Peers({ urls: [other] }).hear(TRACE, nowhere)).answers).toHaveLength(1);
    expect((await new Peers({ urls: [other], discover: true }).hear(TRACE, nowhere)).answers).toHaveLength(2);
  });

  it('that the trace calls come first where there are too many, and the rest is counted', async () => {
    const near = await serve(empty);
    for (let i = 0; i < 40; i++) announce(`http://127.0.0.1:1/debug/${i}`, `other ${i}`, i);
    // The oldest of all would be the last.
    announce(near, 'near', 99);
    utimesSync(join(runtime, 'sonde', `${process.ppid}-99.json`), 1_000, 1_000);
    const called = new Set([authorityOfUrl(near) as string]);
    const { answers, unasked } = await new Peers({ discover: true }).hear(TRACE, called);
    expect([answers.length, unasked]).toEqual([32, 9]);
    expect(answers[0]?.peer.name).toBe('near');
  });

  it('are not asked by a fifth page while four ask', async () => {
    const answer: (() => void)[] = [];
    let all: () => void = () => {};
    const four = new Promise<void>((resolve) => {
      all = resolve;
    });
    const url = await serve((_request, response) => {
      if (answer.push(() => response.end(HEAD)) === 4) all();
    });
    const peers = new Peers({ urls: [url], timeoutMillis: 20_000 });
    const pages = Array.from({ length: 4 }, () => peers.hear(TRACE, nowhere));
    await four;
    expect(await peers.hear(TRACE, nowhere)).toEqual({ answers: [], ended: [], unasked: 0, busy: true });
    for (const one of answer) one();
    for (const page of await Promise.all(pages)) expect(page.busy).toBe(false);
    const after = peers.hear(TRACE, nowhere);
    while (answer.length < 5) await new Promise(setImmediate);
    answer[4]?.();
    expect((await after).busy).toBe(false);
  });
});
