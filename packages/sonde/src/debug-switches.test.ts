import { expect, it } from 'vitest';
import { readDebugSwitches } from './debug-switches.ts';

const none = { context: false, gctrace: false, schedtrace: undefined };
const unknown = (given: string) =>
  `SONDE_DEBUG has "${given}", expected context, gctrace=1, schedtrace=1000; it is ignored`;
const noPeriod = (given: string) =>
  `SONDE_DEBUG has "${given}", expected 10 milliseconds or more, like schedtrace=1000; it is ignored`;

it.each<[value: string | undefined, switches: object, ...warnings: string[]]>([
  [undefined, {}],
  ['', {}],
  ['context', { context: true }],
  ['Context=1', { context: true }],
  ['context=0', {}],
  ['gctrace=1,schedtrace=1000', { gctrace: true, schedtrace: 1_000 }],
  [' gctrace=1 , context ', { gctrace: true, context: true }],
  ['gctrace=0,schedtrace=0', {}],
  ['schedtrace=10', { schedtrace: 10 }],
  ['schedtrace=9', {}, noPeriod('schedtrace=9')],
  ['schedtrace=2147483647', { schedtrace: 2_147_483_647 }],
  ['schedtrace=2147483648', {}, noPeriod('schedtrace=2147483648')],
  ['schedtrace=-1', {}, noPeriod('schedtrace=-1')],
  ['schedtrace=often', {}, noPeriod('schedtrace=often')],
  ['schedtrace=', {}, noPeriod('schedtrace=')],
  ['schedtrace', {}, noPeriod('schedtrace')],
  ['gctrace', {}, unknown('gctrace')],
  ['gctrace=2', {}, unknown('gctrace=2')],
  ['gctrace=1=1', {}, unknown('gctrace=1=1')],
  ['gctrace=1,ctx', { gctrace: true }, unknown('ctx')],
])('SONDE_DEBUG=%s is understood', (value, switches, ...warnings) => {
  const said: string[] = [];
  const env = value === undefined ? {} : { SONDE_DEBUG: value };
  expect(readDebugSwitches(env, (sentence) => said.push(sentence))).toEqual({ ...none, ...switches });
  expect(said).toEqual(warnings);
});
