import { expect, it } from 'vitest';
import { readTail } from './tail-options.ts';

function read(env: Record<string, string>, option?: unknown) {
  const warnings: string[] = [];
  return { tail: readTail(option, env, (sentence) => warnings.push(sentence)), warnings };
}

it.each<[Record<string, string>, unknown, object | undefined]>([
  [{}, undefined, undefined],
  [{ SONDE_TAIL: '' }, undefined, undefined],
  [{ SONDE_TAIL: 'errors' }, undefined, { errors: true, slowMillis: Infinity }],
  [{ SONDE_TAIL: 'slow' }, undefined, { errors: false, slowMillis: 1_000 }],
  [
    { SONDE_TAIL: ' Slow , ERRORS ', SONDE_TAIL_SLOW_MS: '250' },
    undefined,
    { errors: true, slowMillis: 250 },
  ],
  [{ SONDE_TAIL: 'slow', SONDE_TAIL_SLOW_MS: '1' }, undefined, { errors: false, slowMillis: 1 }],
  // An option wins over its variables, also to say that there is no choice.
  [{ SONDE_TAIL: 'slow' }, { errors: true }, { errors: true, slowMillis: Infinity }],
  [{ SONDE_TAIL: 'slow' }, {}, undefined],
  [{}, { slowMillis: 0.5 }, { errors: false, slowMillis: 0.5 }],
  [{}, { errors: false, slowMillis: Infinity }, undefined],
])('of %j and the option %j is %j', (env, option, tail) => {
  expect(read(env, option)).toEqual({ tail, warnings: [] });
});

it.each<[Record<string, string>, unknown, object | undefined, RegExp]>([
  [{ SONDE_TAIL: 'error' }, undefined, undefined, /^SONDE_TAIL has "error", expected errors, slow; /],
  [
    { SONDE_TAIL: 'slow', SONDE_TAIL_SLOW_MS: '0' },
    undefined,
    { errors: false, slowMillis: 1_000 },
    /^SONDE_TAIL_SLOW_MS is "0", expected a whole number above 0; using 1000$/,
  ],
  [
    { SONDE_TAIL: 'slow', SONDE_TAIL_SLOW_MS: '500ms' },
    undefined,
    { errors: false, slowMillis: 1_000 },
    /^SONDE_TAIL_SLOW_MS is "500ms", expected a whole number/,
  ],
  [
    { SONDE_TAIL: 'errors', SONDE_TAIL_SLOW_MS: '500' },
    undefined,
    { errors: true, slowMillis: Infinity },
    /^SONDE_TAIL_SLOW_MS is set, but SONDE_TAIL does not have "slow"; it has no effect$/,
  ],
  [
    { SONDE_TAIL: 'errors' },
    'errors',
    { errors: true, slowMillis: Infinity },
    /^option tail is no object like/,
  ],
  [{}, ['errors'], undefined, /^option tail is no object like/],
  [{}, null, undefined, /^option tail is no object like/],
  [{}, { errors: 'yes' }, undefined, /^option tail.errors is of type string, expected boolean/],
  [
    {},
    { errors: true, slowMillis: '500' },
    { errors: true, slowMillis: Infinity },
    /slowMillis is of type string/,
  ],
  [
    {},
    { slowMillis: 0 },
    undefined,
    /^option tail.slowMillis is 0, expected a number of milliseconds above 0/,
  ],
  [{}, { slowMillis: Number.NaN }, undefined, /^option tail.slowMillis is NaN/],
])('of %j and the option %j is %j, and that is said', (env, option, tail, sentence) => {
  const settled = read(env, option);
  expect(settled.tail).toEqual(tail);
  expect(settled.warnings).toEqual([expect.stringMatching(sentence)]);
});
