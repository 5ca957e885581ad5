import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorityOf, authorityOfUrl, calledBy, MAX_LISTED, parsePeers } from './peer.ts';

function parse(...entries: unknown[]) {
  const said: string[] = [];
  const peers = parsePeers(entries, 'SONDE_PEERS', (sentence) => said.push(sentence));
  return { peers: peers.map(({ name, url }) => (name === undefined ? url : `${name} ${url}`)), said };
}

describe('a listed peer', () => {
  it.each([
    ['http://127.0.0.1:3001/debug', 'http://127.0.0.1:3001/debug'],
    ['http://127.0.0.1:3001/debug/', 'http://127.0.0.1:3001/debug'],
    ['http://127.0.0.1:3001', 'http://127.0.0.1:3001/debug'],
    ['http://127.0.0.1:3001/', 'http://127.0.0.1:3001/debug'],
    ['http://127.0.0.1:3001/ops/Sonde', 'http://127.0.0.1:3001/ops/Sonde'],
    ['http://127.0.0.1:3001/debug/requests', 'http://127.0.0.1:3001/debug'],
    ['http://127.0.0.1:3001/requests', 'http://127.0.0.1:3001'],
    ['https://Payments.Internal:443/debug', 'https://payments.internal/debug'],
    ['http://[::1]:3001/debug', 'http://[::1]:3001/debug'],
    ['payments=http://127.0.0.1:3001/debug', 'payments http://127.0.0.1:3001/debug'],
    [' payments = http://127.0.0.1:3001 ', 'payments http://127.0.0.1:3001/debug'],
  ])('%j is %j', (entry, expected) => {
    expect(parse(entry)).toEqual({ peers: [expected], said: [] });
  });

  it.each([
    ['localhost:3001', 'SONDE_PEERS has "localhost:3001", expected a URL like'],
    ['ftp://localhost/debug', 'SONDE_PEERS has "ftp://localhost/debug", expected a URL like'],
    ['payments', 'SONDE_PEERS has "payments", expected a URL like'],
    ['http://', 'SONDE_PEERS has "http://", expected a URL like'],
    ['file:///etc/passwd', 'SONDE_PEERS has "file:///etc/passwd", expected a URL like'],
    ['http://host/debug?x=1', 'SONDE_PEERS has "http://host/debug?x=1", which has a query or fragment'],
    ['http://host/debug#x', 'SONDE_PEERS has "http://host/debug#x", which has a query or fragment'],
    [7, 'SONDE_PEERS has something of type number, expected a URL like'],
  ])('%j is refused in one sentence', (entry, sentence) => {
    const { peers, said } = parse(entry, 'http://localhost:1/debug');
    expect(peers).toEqual(['http://localhost:1/debug']);
    expect(said).toEqual([expect.stringContaining(sentence)]);
    expect(said[0]).toMatch(/; it is ignored$/);
  });

  it('with credentials is refused, and they are not repeated', () => {
    for (const url of ['http://anna:hunter2@host/debug', 'x=ftp://anna:hunter2@host', 'http://:hunter2@']) {
      expect(parse(url).said.join()).not.toMatch(/hunter2|anna/);
      expect(parse(url).said).toHaveLength(1);
    }
  });

  it('the sixteenth is the last, and one of them twice is one', () => {
    const urls = Array.from({ length: MAX_LISTED + 1 }, (_, i) => `http://localhost:${i + 1}/debug`);
    const { peers, said } = parse(...urls, urls[0]);
    expect(peers).toEqual(urls.slice(0, MAX_LISTED));
    expect(said).toEqual([
      expect.stringContaining('more than 16 URLs; "http://localhost:17/debug" is ignored'),
    ]);
  });

  it('whatever is written, what is taken is a plain URL of HTTP', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.anything()), (entry) => {
        for (const peer of parsePeers([entry], 'x', () => {})) {
          const { hash, password, protocol, search, username } = new URL(peer.url);
          expect([hash, password, search, username]).toEqual(['', '', '', '']);
          expect(protocol).toMatch(/^https?:$/);
        }
      }),
    );
  });
});

it.each([
  ['127.0.0.1', 80, 'localhost:80'],
  ['127.3.2.1', 80, 'localhost:80'],
  ['::1', 80, 'localhost:80'],
  ['[::1]', 80, 'localhost:80'],
  ['LOCALHOST', 80, 'localhost:80'],
  ['Example.org', 80, 'example.org:80'],
  ['2001:db8::1', 80, '[2001:db8::1]:80'],
])('the names of this machine are one: %j', (host, port, expected) => {
  expect(authorityOf(host, port)).toBe(expected);
});

it.each([
  ['http://127.0.0.1:3001/debug', 'localhost:3001'],
  ['https://[::1]/debug', 'localhost:443'],
  ['http://example.org', 'example.org:80'],
  ['nothing', undefined],
  ['data:,x', undefined],
])('%j is at %j', (url, expected) => {
  expect(authorityOfUrl(url)).toBe(expected);
});

it('only CLIENT spans of HTTP call a process', () => {
  const http = { 'url.full': 'https://bank.example/pay' };
  expect(calledBy(true, http)).toBe('bank.example:443');
  expect(calledBy(true, { ...http, 'server.address': '127.0.0.1', 'server.port': 9 })).toBe('localhost:9');
  expect(calledBy(false, http)).toBeUndefined();
  expect(calledBy(true, { 'server.address': 'db', 'server.port': 5432 })).toBeUndefined();
});
