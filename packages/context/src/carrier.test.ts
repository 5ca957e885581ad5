import { IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { runInNewContext } from 'node:vm';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { carrierGetter, carrierSetter } from './carrier.ts';
import { CompositePropagator } from './composite-propagator.ts';
import { W3CBaggagePropagator } from './w3c-baggage-propagator.ts';
import { W3CTraceContextPropagator } from './w3c-trace-context-propagator.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const propagator = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
});

/** What code of another realm makes, as the tests of Jest are one: no `instanceof` knows it. */
function otherRealm(code: string): object {
  return runInNewContext(code, { text: TRACEPARENT, bytes: [...Buffer.from(TRACEPARENT)] });
}

/** A request as Node parsed it. */
function incoming(): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.headers['traceparent'] = TRACEPARENT;
  message.headersDistinct['traceparent'] = [TRACEPARENT];
  return message;
}

describe('headers are read', () => {
  it.each<[string, object]>([
    ['from Node’s headers', incoming().headers],
    ['from Node’s headersDistinct', incoming().headersDistinct],
    ['from web Headers', new Headers({ Traceparent: TRACEPARENT })],
    ['from a Map', new Map([['traceparent', TRACEPARENT]])],
    ['from a Map with names in other letters', new Map([['TraceParent', TRACEPARENT]])],
    ['from an object with names in other letters', { Traceparent: TRACEPARENT }],
    ['from an object without prototype', Object.assign(Object.create(null), { traceparent: TRACEPARENT })],
    ['from the bytes of a message', { traceparent: Buffer.from(TRACEPARENT) }],
    ['from a list with the bytes of a message', { traceparent: [Buffer.from(TRACEPARENT)] }],
    ['from bytes of another realm', { traceparent: otherRealm('new Uint8Array(bytes)') }],
    ['from a list of another realm', { traceparent: otherRealm('[text]') }],
    ['from a Map of another realm', otherRealm('new Map([["TraceParent", text]])')],
    ['from an object that is frozen', Object.freeze({ traceparent: TRACEPARENT })],
    ['from a Proxy', new Proxy({ traceparent: TRACEPARENT }, {})],
    [
      'from an object with a key named __proto__',
      JSON.parse(`{"__proto__": {}, "traceparent": "${TRACEPARENT}"}`),
    ],
    ['from a list with gaps', { traceparent: [null, TRACEPARENT, undefined] }],
    ['from typed bytes', new Map([['traceparent', new TextEncoder().encode(TRACEPARENT)]])],
  ])('%s', (_name, carrier) => {
    const extracted = propagator.extract(ROOT_CONTEXT, carrier, carrierGetter);
    expect(trace.getSpanContext(extracted)?.spanId).toBe('b7ad6b7169203331');
  });

  it('joined, where there are several', () => {
    expect(carrierGetter.get({ tracestate: ['a=1', Buffer.from('b=2')] }, 'tracestate')).toBe('a=1,b=2');
  });

  it.each([
    ['a number', { a: 7 }],
    ['an object', { a: {} }],
    ['a list with something else', { a: ['x', 7] }],
    ['null', { a: null }],
    ['an empty list', { a: [] }],
    ['a list of nothing', { a: [null, undefined] }],
    ['a list in a list', { a: [['x']] }],
    ['a header that is inherited', Object.create({ a: 'x' })],
    ['more than 64 KiB of bytes', { a: Buffer.alloc(65_537, 'x') }],
    ['null for a carrier', null],
  ])('not from %s', (_name, carrier) => {
    expect(carrierGetter.get(carrier as never, 'a')).toBeUndefined();
  });

  it('by a header whose name is that of a method, too', () => {
    expect(carrierGetter.get({ get: 'x', keys: 'y' }, 'get')).toBe('x');
    expect(carrierGetter.keys({ get: 'x', keys: 'y' })).toEqual(['get', 'keys']);
  });
});

describe('headers are written', () => {
  const context = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  });

  it.each<[string, object]>([
    ['to an object', {}],
    ['to a Map', new Map()],
    ['to web Headers', new Headers()],
    ['to an outgoing message of Node', new OutgoingMessage()],
    ['over one in other letters', { TraceParent: 'old' }],
    ['over one in other letters of a Map', new Map([['TRACEPARENT', 'old']])],
    ['over one in a Map of another realm', otherRealm('new Map([["TRACEPARENT", "old"]])')],
    ['to an object without prototype', Object.create(null)],
  ])('%s', (_name, carrier) => {
    propagator.inject(context, carrier, carrierSetter);
    const written =
      carrier instanceof OutgoingMessage ? Object.entries(carrier.getHeaders()) : [...entriesOf(carrier)];
    expect(written).toEqual([['traceparent', TRACEPARENT]]);
  });

  function entriesOf(carrier: object): Iterable<[string, unknown]> {
    return 'entries' in carrier ? (carrier as Headers).entries() : Object.entries(carrier);
  }

  it.each<[string, unknown]>([
    ['frozen', Object.freeze({ a: 'x' })],
    ['null', null],
    ['a number', 7],
    ['a message whose headers are sent', sent()],
  ])('nowhere when the carrier is %s, and nothing is thrown', (_name, carrier) => {
    propagator.inject(context, carrier as object, carrierSetter);
    expect(carrierGetter.get(carrier as object, 'traceparent')).toBeUndefined();
  });

  function sent(): ServerResponse {
    const response = new ServerResponse(incoming());
    response.end();
    return response;
  }
});
