import { expect, it } from 'vitest';
import type { SpanView } from '../view/trace-view.ts';
import { curlOf } from './curl.ts';

const server = {
  'http.request.method': 'GET',
  'server.address': 'shop.example',
  'server.port': 8080,
  'url.path': '/a',
  'url.scheme': 'https',
};

it.each<[string, SpanView['kind'], Record<string, unknown>, string | undefined]>([
  ['a GET', 'server', server, "curl 'https://shop.example:8080/a'"],
  [
    'its query',
    'server',
    { ...server, 'url.query': 'q=1&b=$(rm)' },
    "curl 'https://shop.example:8080/a?q=1&b=$(rm)'",
  ],
  [
    'another method',
    'server',
    { ...server, 'http.request.method': 'PUT' },
    "curl --request PUT 'https://shop.example:8080/a'",
  ],
  [
    'a HEAD',
    'server',
    { ...server, 'http.request.method': 'HEAD' },
    "curl --head 'https://shop.example:8080/a'",
  ],
  ['an IPv6 host', 'server', { ...server, 'server.address': '::1' }, "curl 'https://[::1]:8080/a'"],
  ['an apostrophe', 'server', { ...server, 'url.path': "/a'b" }, "curl 'https://shop.example:8080/a'\\''b'"],
  ['a client', 'client', { 'http.request.method': 'GET', 'url.full': 'http://x/y' }, "curl 'http://x/y'"],
  [
    'a method that is none',
    'client',
    { 'http.request.method': 'GET; rm', 'url.full': 'http://x/y' },
    undefined,
  ],
  ['a span of no request', 'internal', {}, undefined],
  [
    'what curl would take for an option',
    'client',
    { 'http.request.method': 'GET', 'url.full': '-o/etc/motd' },
    undefined,
  ],
  ['a scheme that is none', 'server', { ...server, 'url.scheme': '-K' }, undefined],
  ['a scheme that is a map', 'server', { ...server, 'url.scheme': { toString: 1 } }, undefined],
  ['a server without a name', 'server', { 'http.request.method': 'GET', 'url.path': '/a' }, undefined],
])('the command for %s asks the same again', (_name, kind, attributes, command) => {
  expect(curlOf({ kind, attributes } as SpanView)).toBe(command);
});
