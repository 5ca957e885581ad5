import { execFileSync } from 'node:child_process';
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  environmentGetter,
  environmentSetter,
  extractEnvironment,
  injectEnvironment,
} from './environment.ts';
import { propagatorFromNames } from './propagator-from-names.ts';

const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};
const context = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, spanContext),
  propagation.createBaggage({ user: { value: 'ä' } }),
);

beforeEach(() => {
  propagation.setGlobalPropagator(propagatorFromNames('tracecontext,baggage,b3multi'));
});
afterEach(() => propagation.disable());

it('carries a trace into the environment of a real child process, and out of it again', () => {
  const child = 'process.stdout.write(JSON.stringify(process.env))';
  const env = JSON.parse(
    execFileSync(process.execPath, ['-e', child], {
      env: injectEnvironment(process.env, context),
    }).toString(),
  );
  expect(env).toMatchObject({
    PATH: process.env['PATH'],
    TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    BAGGAGE: 'user=%C3%A4',
    X_B3_TRACEID: spanContext.traceId,
  });
  const extracted = extractEnvironment(ROOT_CONTEXT, env);
  expect(trace.getSpanContext(extracted)).toMatchObject(spanContext);
  expect(propagation.getBaggage(extracted)?.getEntry('user')).toMatchObject({ value: 'ä' });
});

it('takes out what the environment holds of another trace, and leaves the given one alone', () => {
  const env = { TRACEPARENT: 'old', TRACESTATE: 'old=1', BAGGAGE: 'old=1', HOME: '/home' };
  expect(injectEnvironment(env, ROOT_CONTEXT)).toEqual({ HOME: '/home' });
  expect(env.TRACESTATE).toBe('old=1');
});

it('takes out what a child would read, though nothing of the kind is written', () => {
  propagation.disable();
  propagation.setGlobalPropagator(propagatorFromNames('b3'));
  const env = { X_B3_TRACEID: 'old', X_B3_SPANID: 'old', X_B3_SAMPLED: '1', X_B3_FLAGS: '1', HOME: '/home' };
  expect(injectEnvironment(env, ROOT_CONTEXT)).toEqual({ HOME: '/home' });
});

it('hands the environment on as it is where no propagator is registered', () => {
  propagation.disable();
  const env = { TRACEPARENT: 'old', HOME: '/home' };
  expect(injectEnvironment(env, context)).toEqual(env);
});

it.each([
  ['traceparent', 'TRACEPARENT'],
  ['x-b3-traceid', 'X_B3_TRACEID'],
  ['a.b c', 'A_B_C'],
  ['7up', '_7UP'],
  ['', '_'],
  ['straße', 'STRA_E'],
])('%s travels in %s', (name, variable) => {
  const env = {};
  environmentSetter.set(env, name, 'x');
  expect(env).toEqual({ [variable]: 'x' });
  expect(environmentGetter.get(env, name)).toBe('x');
});

it('knows only variables that are named as it names them', () => {
  const env = { traceparent: 'x', TRACEPARENT: 'y', Path: 'z', _1: 'a' };
  expect(environmentGetter.get(env, 'traceparent')).toBe('y');
  expect(environmentGetter.keys(env)).toEqual(['TRACEPARENT', '_1']);
});
