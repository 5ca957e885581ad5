import { describe, expect, it } from 'vitest';
import { acceptedForm } from './form.ts';
import { ALL_PLACES, placeOf } from './places.ts';
import { ROUTES, routeOf } from './routes.ts';

describe('a path', () => {
  it.each([
    ['/', '/', '', undefined],
    ['/requests', '/requests', '', undefined],
    ['/requests.json', '/requests', '', 'json'],
    ['/requests.txt', '/requests', '', 'text'],
    ['/requests/trace/abc', '/requests/trace/*', 'abc', undefined],
    ['/requests/trace/abc.json', '/requests/trace/*', 'abc', 'json'],
    ['/requests/trace/abc.otlp.json', '/requests/trace/*', 'abc', 'otlp'],
    ['/requests/trace/abc.otlp.jsonl', '/requests/trace/*', 'abc', 'lines'],
    ['/requests/trace/abc.html', '/requests/trace/*', 'abc.html', undefined],
    ['/requests/trace/', '/requests/trace/*', '', undefined],
    ['/requests/trace/.md', '/requests/trace/*', '', 'markdown'],
    ['/sonde.css', '/sonde.css', '', undefined],
  ])('%j leads to %j', (path, route, id, form) => {
    const found = routeOf(path);
    expect([found?.route.path, found?.id, found?.form]).toEqual([route, id, form]);
  });

  it.each([
    '',
    '/requests/',
    '/requests.md',
    '/requests.JSON',
    '/requests/trace',
    '/requests/trace/a/b',
    '/requests/trace/*/',
    '/.json',
    '/sonde.css.json',
    '//requests',
    'requests',
    '/constructor',
  ])('%j is the application’s', (path) => {
    expect(routeOf(path)).toBeUndefined();
  });
});

it('the form by Accept is one of those that there are', () => {
  expect(acceptedForm('text/markdown', ['html', 'json', 'text'])).toBe('html');
  expect(acceptedForm('text/markdown, text/plain;q=0.5', ['html', 'json', 'text'])).toBe('text');
  expect(acceptedForm('text/markdown', ['html', 'markdown'])).toBe('markdown');
});

it('no two routes share a path', () => {
  expect(new Set(ROUTES.map(({ path }) => path)).size).toBe(ROUTES.length);
});

it('each place has a route, and each route its place', () => {
  for (const { path } of ROUTES) {
    const asked = path.replace('*', 'x');
    expect([path, placeOf(asked)?.place.path, routeOf(asked)?.route.path]).toEqual([path, path, path]);
  }
  expect(new Set(ROUTES.map(({ path }) => path))).toEqual(new Set(ALL_PLACES.map(({ path }) => path)));
});
