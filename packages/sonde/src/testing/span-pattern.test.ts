import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { startSpan, withSpan } from '@sonde/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import type { SpanPattern } from './span-pattern.ts';
import type { SpanTree } from './span-tree.ts';

let spans: SpanTree;
beforeAll(async () => {
  spans = await collect(
    () => {
      const attributes = { 'http.route': '/orders', 'http.response.status_code': 200, tags: ['a', 'b'] };
      withSpan('GET /orders', { kind: SpanKind.SERVER, attributes }, (server) => {
        server.setStatus({ code: SpanStatusCode.OK });
        withSpan('SELECT orders', { kind: SpanKind.CLIENT }, (span) => span.addEvent('retry 2'));
        withSpan('SELECT users', { kind: SpanKind.CLIENT }, (span) =>
          span.setStatus({ code: SpanStatusCode.ERROR, message: 'deadlock detected' }),
        );
        withSpan('SELECTED', () => {});
        startSpan('open');
      });
    },
    { timeoutMillis: 0 },
  );
});

/** A pattern that has been used before. */
const used = /SELECT/g;
used.lastIndex = 5;

it.each<[SpanPattern, string[]]>([
  ['SELECT orders', ['SELECT orders']],
  ['SELECT', ['SELECT orders', 'SELECT users']],
  ['SELEC', []],
  ['orders', []],
  [/orders$/, ['GET /orders', 'SELECT orders']],
  [used, ['SELECT orders', 'SELECT users', 'SELECTED']],
  [{}, ['GET /orders', 'SELECT orders', 'SELECT users', 'SELECTED', 'open']],
  [{ name: 'SELECT' }, []],
  [{ name: 'SELECTED' }, ['SELECTED']],
  [{ name: /SELECT/, kind: 'client', status: 'error' }, ['SELECT users']],
  [{ kind: 'CLIENT' }, ['SELECT orders', 'SELECT users']],
  [{ kind: SpanKind.SERVER }, ['GET /orders']],
  [{ status: 'OK' }, ['GET /orders']],
  [{ status: 'error', message: 'deadlock' }, []],
  [{ message: /deadlock/ }, ['SELECT users']],
  [{ attributes: { 'http.route': '/orders', 'http.response.status_code': 200 } }, ['GET /orders']],
  [{ attributes: { 'http.response.status_code': '200' } }, []],
  [{ attributes: { 'http.response.status_code': /^2/ } }, ['GET /orders']],
  [{ attributes: { tags: ['a', 'b'] } }, ['GET /orders']],
  [{ attributes: { tags: ['a'] } }, []],
  [
    { attributes: { 'http.route': undefined, toString: undefined }, kind: 'client' },
    ['SELECT orders', 'SELECT users'],
  ],
  [{ attributes: { missing: /undefined/ } }, []],
  [{ event: 'retry 2' }, ['SELECT orders']],
  [{ event: /^retry/ }, ['SELECT orders']],
  [{ ended: false }, ['open']],
  [{ name: undefined, ended: false } as unknown as SpanPattern, ['open']],
  [({ children }) => children.length > 0, ['GET /orders']],
  [(() => 1) as unknown as SpanPattern, []],
])('%o finds %o', (pattern, names) => {
  expect(spans.filter(pattern).map(({ name }) => name)).toEqual(names);
  expect(spans.find(pattern)?.name).toBe(names[0]);
});

it('is looked for below a span, which is not among what is found', () => {
  const server = spans.find('GET');
  expect(server?.filter({}).map(({ name }) => name)).toEqual([
    'SELECT orders',
    'SELECT users',
    'SELECTED',
    'open',
  ]);
  expect(server?.find('GET')).toBeUndefined();
});

describe('what is no pattern is said in one sentence', () => {
  it.each<[unknown, string]>([
    [undefined, 'a span was asked for by undefined, expected its name, a regular expression, fields'],
    ['', 'a span was asked for by "", expected its name'],
    [7, 'a span was asked for by 7, expected its name'],
    [['SELECT'], 'a span was asked for by an array, expected its name'],
    [{ attribute: {} }, 'a span was asked for by "attribute", expected one of name, kind, status, message'],
    [{ toString: 'x' }, 'a span was asked for by "toString", expected one of name'],
    [{ kind: 'http' }, 'with kind "http", expected one of internal, server, client, producer, consumer'],
    [{ kind: 5 }, 'with kind 5, expected one of internal'],
    [{ status: 'failed' }, 'with status "failed", expected unset, ok or error'],
    [{ name: 7 }, 'with name 7, expected a text or a regular expression'],
    [{ attributes: ['a'] }, 'with attributes an array, expected an object'],
    [{ event: null }, 'with event null, expected the name of an event'],
    [{ ended: 'yes' }, 'with ended "yes", expected true or false'],
  ])('%o', (pattern, sentence) => {
    for (const ask of [
      () => spans.find(pattern as SpanPattern),
      () => spans.filter(pattern as SpanPattern),
    ]) {
      expect(ask).toThrow(TypeError);
      expect(ask).toThrow(sentence);
    }
  });
});
