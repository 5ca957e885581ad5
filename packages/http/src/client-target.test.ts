import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targetOf } from './client-target.ts';

const asked = (path: string, more: object = {}) => ({
  method: 'GET',
  protocol: 'http:',
  host: 'shop.example',
  port: 80,
  path,
  ...more,
});

describe('the target of a request', () => {
  it.each([
    [asked('/a?b=1'), 'shop.example', 80, 'http://shop.example/a?b=1'],
    [
      asked('/a?token=1&b=2', { port: 8080 }),
      'shop.example',
      8080,
      'http://shop.example:8080/a?token=REDACTED&b=2',
    ],
    [asked('/', { protocol: 'https:', port: 443 }), 'shop.example', 443, 'https://shop.example/'],
    [asked('/', { host: '::1', port: 81 }), '::1', 81, 'http://[::1]:81/'],
    [asked('*', { method: 'OPTIONS' }), 'shop.example', 80, 'http://shop.example'],
  ])('%j is %s, port %d, %s', (request, host, port, url) => {
    expect(targetOf(request)).toEqual({ host, port, url });
  });

  it.each([
    ['http://api.example/a?b=1', 'api.example', 80, 'http://api.example/a?b=1'],
    ['http://api.example:8080/a', 'api.example', 8080, 'http://api.example:8080/a'],
    ['HTTPS://api.example/a', 'api.example', 443, 'https://api.example/a'],
    ['http://user:pass@api.example/a', 'api.example', 80, 'http://REDACTED:REDACTED@api.example/a'],
    ['http://us@er:p@ss@api.example/a', 'api.example', 80, 'http://REDACTED:REDACTED@api.example/a'],
    ['http://[::1]:81/a', '::1', 81, 'http://[::1]:81/a'],
    ['http://api.example', 'api.example', 80, 'http://api.example'],
    ['http://api.example?sig=1', 'api.example', 80, 'http://api.example?sig=REDACTED'],
  ])('of one that a proxy is sent is the URL in its request line: %s', (path, host, port, url) => {
    expect(targetOf(asked(path, { host: 'proxy.example', port: 3128 }))).toEqual({ host, port, url });
  });

  it('of a CONNECT is the proxy that is asked', () => {
    const request = asked('api.example:443', { method: 'CONNECT', host: 'proxy.example', port: 3128 });
    expect(targetOf(request).url).toBe('http://proxy.example:3128');
  });

  it('never holds the password of a URL, whatever else is in it', () => {
    fc.assert(
      fc.property(fc.webAuthority(), fc.webPath(), (authority, path) => {
        const { url } = targetOf(asked(`http://user:hunter2@${authority.replace(/^.*@/, '')}${path}`));
        expect(url).not.toContain('hunter2');
      }),
    );
  });

  it('is told whatever the path is, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(typeof targetOf(asked(path)).url).toBe('string');
      }),
    );
  });
});
