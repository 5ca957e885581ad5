import type { Attributes } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { expect, it } from 'vitest';
import type { ReadableSpan } from '../readable-span.ts';
import { contentBytes } from './span-bytes.ts';

const span = new TracerProvider().getTracer('t').startSpan('span') as unknown as ReadableSpan;
const bytesOf = (value: unknown): number =>
  contentBytes({ ...span, name: '', events: [], links: [], attributes: { value } as Attributes }) -
  contentBytes({ ...span, name: '', events: [], links: [], attributes: { value: 1 } });

it.each([
  ['text', 'abcd', 8],
  ['a number', 7, 0],
  ['bytes', new Uint8Array(100), 100],
  ['an array', ['ab', 'cd'], 2 * 16 + 8],
  ['a map', { a: 'ab', b: { c: 'cd' } }, 3 * 16 + 8],
])('counts %s in its whole depth', (_name, value, bytes) => {
  expect(bytesOf(value)).toBe(bytes);
});

it('comes to an end with a value in a cycle, as another SDK may let it in', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic, cyclic);
  expect(bytesOf(cyclic)).toBe(1_000 * 16);
});
