import { SpanKind } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { describe, expect, it } from 'vitest';
import type { ReadableSpan } from '../readable-span.ts';
import { Families, OVERFLOW_FAMILY } from './families.ts';

const tracer = new TracerProvider().getTracer('test');
const MAX = 5;
const MANY = 100;

/** A job of that name. */
const job = (name: string) => tracer.startSpan(name) as unknown as ReadableSpan;
/** A request that is served, by its route. */
const served = (method: string, route: string) =>
  tracer.startSpan(method, {
    kind: SpanKind.SERVER,
    attributes: { 'http.request.method': method, 'http.route': route },
  }) as unknown as ReadableSpan;

function fill(make: (i: number) => ReadableSpan): { names: Set<string>; families: Families } {
  const families = new Families(MAX, 10, { overflowRequests: 0 }, () => {});
  const names = new Set<string>();
  for (let i = 0; i < MANY; i++) names.add(families.ofSpan(make(i)).name);
  return { names, families };
}

describe('families', () => {
  it.each<[what: string, make: (i: number) => ReadableSpan, names: number]>([
    ['credentials in their names', (i) => job(`login password=secret-${i}`), 1],
    ['names that are cut', (i) => job(`${'x'.repeat(200)}${i}`), 1],
    ['more names than there is room for', (i) => job(`job ${i}`), MAX + 1],
    ['more methods than there is room for', (i) => served(`M${i}`, '/'), MAX + 1],
    ['few names', (i) => served('GET', `/${i % 3}`), 3],
  ])('remember no more than there are of them, of requests with %s', (_what, make, expected) => {
    const { families, names } = fill(make);
    expect(names.size).toBe(expected);
    expect(families.remembered).toBeLessThanOrEqual(MAX + 1);
  });

  it('are the same by their parts as by their names', () => {
    const families = new Families(MAX, 10, { overflowRequests: 0 }, () => {});
    for (const route of ['/a', '/b', '/a']) {
      for (const method of ['GET', 'POST', 'GET']) {
        const family = families.ofSpan(served(method, route));
        expect(family.name).toBe(`${method} ${route}`);
        expect(families.named(family.name)).toBe(family);
      }
    }
    expect(families.ofSpan(job('one too many')).name).toBe('one too many');
    expect(families.ofSpan(job('another')).name).toBe(OVERFLOW_FAMILY);
  });
});
