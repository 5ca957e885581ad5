import { expect, it } from 'vitest';
import { propagatorFromNames } from './propagator-from-names.ts';

const W3C = ['traceparent', 'tracestate', 'baggage'];
const B3 = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags'];

it.each([
  [undefined, W3C],
  ['', W3C],
  ['  ', W3C],
  [' , ,', W3C],
  ['tracecontext', ['traceparent', 'tracestate']],
  ['baggage,tracecontext', ['baggage', 'traceparent', 'tracestate']],
  ['b3', ['b3']],
  ['B3multi , b3multi', B3],
  ['tracecontext,b3,jaeger', ['traceparent', 'tracestate', 'b3', 'uber-trace-id']],
  ['none', []],
  ['tracecontext,none', []],
  [' NONE ', []],
  ['none,none', []],
  [',b3,,b3,', ['b3']],
  ['b3,b3multi', ['b3', ...B3]],
])('of %j the headers are %j', (names, fields) => {
  const warnings: string[] = [];
  expect(propagatorFromNames(names, (sentence) => warnings.push(sentence)).fields()).toEqual(fields);
  expect(warnings).toEqual([]);
});

it('leaves out what it does not know, and says so', () => {
  const warnings: string[] = [];
  const propagator = propagatorFromNames('xray,tracecontext,ottrace', (sentence) => warnings.push(sentence));
  expect(propagator.fields()).toEqual(['traceparent', 'tracestate']);
  expect(warnings).toEqual([
    'OTEL_PROPAGATORS has "xray", expected tracecontext, baggage, b3, b3multi, jaeger, none; it is left out',
    'OTEL_PROPAGATORS has "ottrace", expected tracecontext, baggage, b3, b3multi, jaeger, none; it is left out',
  ]);
});

it('that knows none of the names is as if nothing were named', () => {
  const warnings: string[] = [];
  const propagator = propagatorFromNames('tracecontex', (sentence) => warnings.push(sentence));
  expect(propagator.fields()).toEqual(W3C);
  expect(warnings).toEqual([
    'OTEL_PROPAGATORS has "tracecontex", expected tracecontext, baggage, b3, b3multi, jaeger, none; ' +
      'tracecontext,baggage are used',
  ]);
});

it('stays with no propagator where none is named beside an unknown one', () => {
  expect(propagatorFromNames('xray,none', () => {}).fields()).toEqual([]);
});
