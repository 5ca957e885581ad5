import { describe, expect, it } from 'vitest';
import { Attempts, isWorthARetry } from './attempts.ts';
import type { OutgoingRequest } from './client-trace.ts';

const request = (url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest => {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  return {
    client: 'http',
    attempt: 1,
    method: 'GET',
    protocol,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    path: pathname + search,
    getHeader: () => undefined,
    setHeader: () => false,
    ...more,
  };
};
const redirect = (
  attempts: Attempts,
  from: OutgoingRequest,
  location: unknown,
  status = 302,
  now = 0,
): void => attempts.answered(from, status, { headers: { location } as Record<string, string> }, now);

describe('a request after a redirect is the next attempt', () => {
  it.each<[title: string, from: string, location: string, to: string]>([
    ['to a path', 'http://a.test/x?y', '/z?q=1', 'http://a.test/z?q=1'],
    ['to a relative path', 'http://a.test/x/y', 'z', 'http://a.test/x/z'],
    ['to another host', 'http://a.test/', 'https://b.test/z', 'https://b.test/z'],
    ['to the same host without protocol', 'https://a.test:8443/', '//a.test:8443/z', 'https://a.test:8443/z'],
    ['to an explicit default port', 'http://a.test/', 'http://a.test:80/z', 'http://a.test/z'],
    ['to IPv6', 'http://a.test/', 'http://[::1]:81/', 'http://[::1]:81/'],
    ['with a fragment and a password', 'http://a.test/', 'http://u:p@b.test/z#f', 'http://b.test/z'],
    ['with characters that are encoded', 'http://a.test/', '/a b/ü', 'http://a.test/a%20b/%C3%BC'],
    ['to itself', 'http://a.test/', '/', 'http://a.test/'],
  ])('%s', (_title, from, location, to) => {
    const attempts = new Attempts();
    redirect(attempts, request(from, { attempt: 3 }), location);
    expect(attempts.numberOf(request(to), 0)).toBe(4);
    expect(attempts.numberOf(request(to), 0)).toBe(1);
  });

  it.each<[title: string, status: number, location: unknown, to: OutgoingRequest]>([
    ['when it goes elsewhere', 302, '/z', request('http://a.test/other')],
    ['when another client sends it', 302, '/z', request('http://a.test/z', { client: 'undici' })],
    ['when there was no Location', 302, undefined, request('http://a.test/')],
    ['when the Location is no URL', 302, 'http://', request('http://a.test/')],
    ['when the answer was no redirect', 304, '/z', request('http://a.test/z')],
  ])('but not %s', (_title, status, location, to) => {
    const attempts = new Attempts();
    redirect(attempts, request('http://a.test/'), location, status);
    expect(attempts.numberOf(to, 0)).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])('after a %s, with whatever method', (status) => {
    const attempts = new Attempts();
    redirect(attempts, request('http://a.test/', { method: 'POST' }), '/z', status);
    expect(attempts.numberOf(request('http://a.test/z'), 0)).toBe(2);
  });

  it('when it comes within five seconds', () => {
    const attempts = new Attempts();
    redirect(attempts, request('http://a.test/'), '/z');
    redirect(attempts, request('http://a.test/'), '/z');
    expect(attempts.numberOf(request('http://a.test/z'), 5000)).toBe(2);
    expect(attempts.numberOf(request('http://a.test/z'), 5001)).toBe(1);
  });

  it('and of two at once, each is', () => {
    const attempts = new Attempts();
    redirect(attempts, request('http://a.test/'), '/z');
    redirect(attempts, request('http://a.test/'), '/z');
    expect([1, 2, 3].map(() => attempts.numberOf(request('http://a.test/z'), 0))).toEqual([2, 2, 1]);
  });
});

describe('a request after a failure is the next attempt', () => {
  const post = (url: string): OutgoingRequest => request(url, { method: 'POST' });

  it('when it has the same method and URL', () => {
    const attempts = new Attempts();
    attempts.failed(request('http://a.test/x'), 0);
    expect(attempts.numberOf(post('http://a.test/x'), 0)).toBe(1);
    expect(attempts.numberOf(request('http://a.test/y'), 0)).toBe(1);
    expect(attempts.numberOf(request('http://a.test/x'), 0)).toBe(2);
    expect(attempts.numberOf(request('http://a.test/x'), 0)).toBe(1);
  });

  it('when it comes within a minute', () => {
    for (const [now, attempt] of [
      [60_000, 2],
      [60_001, 1],
    ] as const) {
      const attempts = new Attempts();
      attempts.failed(request('http://a.test/'), 0);
      expect(attempts.numberOf(request('http://a.test/'), now)).toBe(attempt);
    }
  });

  it.each([
    [407, false],
    [408, true],
    [413, true],
    [428, false],
    [429, true],
    [499, false],
    [500, true],
    [599, true],
  ])('status %s: %s', (status, worth) => {
    expect(isWorthARetry(status)).toBe(worth);
  });
});

it('64 requests are expected at most, and of more the oldest is forgotten', () => {
  const attempts = new Attempts();
  for (let i = 0; i <= 64; i++) attempts.failed(request(`http://a.test/${i}`), 0);
  expect(attempts.numberOf(request('http://a.test/0'), 0)).toBe(1);
  expect(attempts.numberOf(request('http://a.test/1'), 0)).toBe(2);
  attempts.clear();
  expect(attempts.numberOf(request('http://a.test/2'), 0)).toBe(1);
});
