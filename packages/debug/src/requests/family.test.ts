import { type Attributes, SpanKind } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import type { ReadableSpan } from '../readable-span.ts';
import { familyOf, pathTemplate, titleOf } from './family.ts';

const span = (kind: SpanKind, name: string, attributes: Attributes = {}) =>
  ({ kind, name, attributes }) as unknown as ReadableSpan;

describe('the template of a path', () => {
  it.each([
    ['/', '/'],
    ['', ''],
    ['/orders', '/orders'],
    ['/orders/42', '/orders/:id'],
    ['/orders/42/lines/7', '/orders/:id/lines/:id'],
    ['/v2/orders', '/v2/orders'],
    ['/users/0b8f6f4e-7a3c-4f0e-9d2a-1c2b3d4e5f60/cart', '/users/:id/cart'],
    ['/blobs/0af7651916cd43dd', '/blobs/:id'],
    ['/facade', '/facade'],
    ['/deadbeef', '/deadbeef'],
    ['/a/b/c/d/e/f/g', '/a/b/c/d/e/f/g'],
    ['/a/b/c/d/e/f/g/h', '/a/b/c/d/e/f/g/…'],
    [`/${'x'.repeat(32)}`, `/${'x'.repeat(32)}`],
    [`/${'x'.repeat(33)}`, '/:id'],
  ])('%s is %s', (path, template) => {
    expect(pathTemplate(path)).toBe(template);
  });

  it('of a hostile path takes no time', () => {
    expect(pathTemplate(`/${'a'.repeat(100_000)}`)).toBe('/:id');
    expect(pathTemplate('/'.repeat(100_000))).toHaveLength(9);
  });
});

describe('family and title', () => {
  const get = { 'http.request.method': 'GET', 'url.path': '/orders/42', 'url.query': 'a=1' };
  it.each([
    ['a server', span(SpanKind.SERVER, 'GET', get), 'GET /orders/:id', 'GET /orders/42?a=1'],
    [
      'a server with a route',
      span(SpanKind.SERVER, 'GET /o', { ...get, 'http.route': '/orders/:order' }),
      'GET /orders/:order',
      'GET /orders/42?a=1',
    ],
    [
      'a path that is not there',
      span(SpanKind.SERVER, 'GET', { ...get, 'http.response.status_code': 404 }),
      'GET (not found)',
      'GET /orders/42?a=1',
    ],
    [
      'a missing order of a route',
      span(SpanKind.SERVER, 'GET', { ...get, 'http.route': '/o/:id', 'http.response.status_code': 404 }),
      'GET /o/:id',
      'GET /orders/42?a=1',
    ],
    [
      'a client without a request around it',
      span(SpanKind.CLIENT, 'GET', {
        'http.request.method': 'GET',
        'server.address': 'api',
        'url.full': 'http://api/x',
      }),
      'GET api',
      'GET http://api/x',
    ],
    ['a job', span(SpanKind.INTERNAL, 'nightly job'), 'nightly job', 'nightly job'],
    ['a query', span(SpanKind.CLIENT, 'SELECT orders'), 'SELECT orders', 'SELECT orders'],
  ])('of %s', (_name, root, family, title) => {
    expect(familyOf(root)).toBe(family);
    expect(titleOf(root)).toBe(title);
  });

  it('are cut, so that a name of a stranger does not fill the memory', () => {
    expect(familyOf(span(SpanKind.INTERNAL, 'x'.repeat(65_536)))).toHaveLength(200);
  });
});
