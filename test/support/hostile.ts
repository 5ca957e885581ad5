import fc from 'fast-check';

/** Makes one argument. Made in the test itself: fast-check could not look at some of them and live. */
export type Make = () => unknown;

const hostile = fc.nat({ max: hostileValues().length - 1 });
/** Whatever somebody may hand over, by mistake or on purpose. */
export const anything: fc.Arbitrary<Make> = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withSparseArray: true }).map((value) => () => value),
  hostile.map((i) => () => hostileValues()[i]),
  fc.array(hostile, { maxLength: 3 }).map((list) => () => list.map((i) => hostileValues()[i])),
  fc
    .array(
      fc.tuple(
        fc.oneof(fc.string(), fc.constantFrom('kind', 'attributes', 'startTime', 'links', 'root')),
        hostile,
      ),
    )
    .map((entries) => () => Object.fromEntries(entries.map(([key, i]) => [key, hostileValues()[i]]))),
);

/** Fresh ones at every call: some can be used up. */
export function hostileValues(): unknown[] {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = { again: [cyclic] };
  let deep: unknown = 'leaf';
  for (let i = 0; i < 20_000; i++) deep = i % 2 ? [deep] : { deep };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  return [
    cyclic,
    deep,
    revoked,
    new Proxy(
      {},
      { get: boom, ownKeys: boom, has: boom, getPrototypeOf: boom, getOwnPropertyDescriptor: boom },
    ),
    new Proxy([], { get: boom }),
    new Proxy(() => {}, { apply: boom, get: boom, construct: boom }),
    Object.defineProperties(() => {}, { name: { get: boom }, length: { get: boom } }),
    Object.defineProperties(() => {}, { name: { value: Symbol('name') }, length: { value: -1n } }),
    {
      get traceId() {
        return boom();
      },
      spanId: '',
      traceFlags: 1n,
    },
    {
      context: {
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        traceFlags: 1n,
        traceState: { serialize: boom },
      },
    },
    { code: Symbol('code'), message: { toString: boom } },
    { decision: 2, attributes: new Proxy({}, { ownKeys: boom }), traceState: { serialize: boom } },
    {
      decision: 2,
      get attributes() {
        return boom();
      },
    },
    { serialize: boom },
    { serialize: () => 7 },
    { decision: Promise.resolve(2) },
    Object.assign([], { [Symbol.iterator]: boom }),
    { valueOf: () => 7, toString: () => ({}) },
    new (class extends Uint8Array {
      override subarray(): never {
        return boom();
      }
    })(3),
    Object.defineProperty({}, 'a', { get: boom, enumerable: true }),
    Object.defineProperty({}, 'then', { get: boom, enumerable: true }),
    { toString: boom, valueOf: boom, [Symbol.toPrimitive]: boom },
    { spanContext: boom, getValue: boom, setValue: boom, deleteValue: boom },
    { getValue: () => ({ spanContext: boom }), setValue: () => null, deleteValue: () => null },
    { getValue: () => 7, setValue() {}, deleteValue() {} },
    { context: { traceId: {}, spanId: 7 } },
    { kind: Symbol('kind'), startTime: [Number.NaN, {}], links: { length: 1 }, attributes: 7, root: 'yes' },
    Object.freeze({ a: Object.freeze([Object.freeze({})]) }),
    new (class Account {
      readonly id = 1;
    })(),
    Object.assign(() => {}, { a: 1 }),
    Symbol('s'),
    1n,
    Number.NaN,
    new Date(Number.NaN),
    [Number.MAX_VALUE, Number.MAX_VALUE],
    [-1, -1],
    '\ud800',
    '\0'.repeat(1_000),
    Buffer.from([0xff, 0xfe]),
    new Map([['a', 1]]),
    Promise.resolve(),
    'x'.repeat(1_000_000),
    null,
    undefined,
  ];
}

/** Throws. */
export function boom(): never {
  throw new Error('boom');
}
