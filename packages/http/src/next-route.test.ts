import { expect, it } from 'vitest';
import { nextRouteOf } from './next-route.ts';

const META = Symbol.for('NextInternalRequestMeta');
const match = (pathname: unknown) => ({ definition: { pathname } });

it.each([
  ['a page', { invokeOutput: '/orders/[id]', match: match('/orders/[id]') }, '/orders/[id]'],
  ['a page that failed', { invokeOutput: '/orders/[id]', match: match('/_error') }, '/orders/[id]'],
  ['a server without a router of its own in front', { match: match('/orders/[id]') }, '/orders/[id]'],
  ['the root', { invokeOutput: '/', match: match('/') }, '/'],
  ['a page that is missing', { match: match('/_not-found') }, undefined],
  ['the page for a 404', { invokeOutput: '/404', match: match('/404') }, undefined],
  ['the page for a 500', { invokeOutput: '/500', match: match('/_error') }, undefined],
  ['a page with a number', { invokeOutput: '/500-questions' }, '/500-questions'],
  ['nothing yet', {}, undefined],
  ['something else', { invokeOutput: 1, match: {} }, undefined],
])('the route of %s', (_name, meta, route) => {
  expect(nextRouteOf({ [META]: meta })).toBe(route);
});

it('a request of something else has none', () => {
  expect(nextRouteOf({})).toBeUndefined();
});
