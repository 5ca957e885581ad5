import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { W3CTraceContextPropagator } from './w3c-trace-context-propagator.ts';

/**
 * The cases of the test harness of W3C Trace Context (w3c/trace-context, test/test.py), over a socket: a service that
 * takes part extracts what comes and injects it on its way out. Where levels 1 and 2 differ, level 2 counts.
 */
const TRACE = '12345678901234567890123456789012';
const SPAN = '1234567890123456';
const traceparent = `00-${TRACE}-${SPAN}-00`;

const propagator = new W3CTraceContextPropagator();
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const context = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
    const sent = {};
    propagator.inject(context, sent, defaultTextMapSetter);
    response.end(JSON.stringify(sent));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

interface Sent {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** What goes on of these headers; several values are several header fields. */
function passOn(headers: Record<string, string | string[]>): Promise<Sent> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, headers }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      resolve(JSON.parse(Buffer.concat(parts).toString()));
    });
    request.on('error', reject);
  });
}

const future = 'what-the-future-will-be-like';

describe('traceparent', () => {
  it.each<[string, string, string]>([
    ['a name in capitals', 'TRACEPARENT', traceparent],
    ['a name in mixed letters', 'TrAcEpArEnT', traceparent],
    ['a name with capitals', 'TraceParent', traceparent],
    ['version cc', 'traceparent', `cc-${TRACE}-${SPAN}-01`],
    ['version cc that goes on', 'traceparent', `cc-${TRACE}-${SPAN}-01-${future}`],
    ['version fe that ends in a dash', 'traceparent', `fe-${TRACE}-${SPAN}-01-`],
    ['a blank before it', 'traceparent', ` ${traceparent}`],
    ['a tab before it', 'traceparent', `\t${traceparent}`],
    ['a blank after it', 'traceparent', `${traceparent} `],
    ['a tab after it', 'traceparent', `${traceparent}\t`],
    ['white space around it', 'traceparent', `\t ${traceparent} \t`],
  ])('%s is taken', async (_name, header, value) => {
    const sent = await passOn({ [header]: value });
    expect(sent.traceparent).toMatch(new RegExp(`^00-${TRACE}-${SPAN}-0[01]$`));
  });

  it.each<[string, string, string | string[]]>([
    ['a dash in the name', 'trace-parent', traceparent],
    ['a dot in the name', 'trace.parent', traceparent],
    ['two fields', 'traceparent', [traceparent.replace('12', '11'), traceparent]],
    ['the same field twice', 'traceparent', [traceparent, traceparent]],
    ['a dot after version 00', 'traceparent', `${traceparent}.`],
    ['version 00 that goes on', 'traceparent', `${traceparent}-${future}`],
    ['version 00 that ends in a dash', 'traceparent', `${traceparent}-`],
    ['version cc that goes on after a dot', 'traceparent', `cc-${TRACE}-${SPAN}-01.${future}`],
    ['version ff', 'traceparent', `ff-${TRACE}-${SPAN}-01`],
    ['version ff that goes on', 'traceparent', `ff-${TRACE}-${SPAN}-01-${future}`],
    ['a version that begins with a dot', 'traceparent', `.0-${TRACE}-${SPAN}-01`],
    ['a version that ends in a dot', 'traceparent', `0.-${TRACE}-${SPAN}-01`],
    ['a version in capitals', 'traceparent', `CC-${TRACE}-${SPAN}-01`],
    ['a version of three digits', 'traceparent', `000-${TRACE}-${SPAN}-01`],
    ['a version of four digits', 'traceparent', `0000-${TRACE}-${SPAN}-01`],
    ['a version of one digit', 'traceparent', `0-${TRACE}-${SPAN}-01`],
    ['a trace id of zeros', 'traceparent', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a trace id that begins with a dot', 'traceparent', `00-.${TRACE.slice(1)}-${SPAN}-01`],
    ['a trace id that ends in a dot', 'traceparent', `00-${TRACE.slice(1)}.-${SPAN}-01`],
    ['a trace id of 33 digits', 'traceparent', `00-${TRACE}3-${SPAN}-01`],
    ['a trace id of 31 digits', 'traceparent', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a span id of zeros', 'traceparent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a span id that begins with a dot', 'traceparent', `00-${TRACE}-.${SPAN.slice(1)}-01`],
    ['a span id that ends in a dot', 'traceparent', `00-${TRACE}-${SPAN.slice(1)}.-01`],
    ['a span id of 17 digits', 'traceparent', `00-${TRACE}-${SPAN}7-01`],
    ['a span id of 15 digits', 'traceparent', `00-${TRACE}-${SPAN.slice(1)}-01`],
    ['flags that begin with a dot', 'traceparent', `00-${TRACE}-${SPAN}-.0`],
    ['flags that end in a dot', 'traceparent', `00-${TRACE}-${SPAN}-0.`],
    ['flags in capitals', 'traceparent', `00-${TRACE}-${SPAN}-0A`],
    ['flags of three digits', 'traceparent', `00-${TRACE}-${SPAN}-001`],
    ['flags of one digit', 'traceparent', `00-${TRACE}-${SPAN}-1`],
  ])('%s is none, and takes the tracestate with it', async (_name, header, value) => {
    expect(await passOn({ [header]: value, tracestate: 'foo=1' })).toEqual({});
  });

  it.each([
    ['00', '00'],
    ['01', '01'],
    ['02', '02'],
    ['03', '03'],
    ['04', '00'],
    ['f9', '01'],
    ['ff', '03'],
  ])('flags %s go on as %s: sampled and random are kept, no others', async (flags, kept) => {
    for (const version of ['00', '01', 'cc']) {
      const sent = await passOn({ traceparent: `${version}-${TRACE}-${SPAN}-${flags}` });
      expect(sent).toEqual({ traceparent: `00-${TRACE}-${SPAN}-${kept}` });
    }
  });
});

const printable = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)).join('');
const value = printable.replace(',', '').replace('=', '');
const key = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
const bar = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `bar${from + i}=${from + i}`).join(',');

describe('tracestate', () => {
  it.each<[string, string | string[], string]>([
    ['two members', 'foo=1,bar=2', 'foo=1,bar=2'],
    ['several fields', ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], 'foo=1,bar=2, rojo=1,congo=2, baz=3'],
    ['an empty field at the end', ['foo=1', ''], 'foo=1, '],
    ['an empty field at the beginning', ['', 'foo=1'], ', foo=1'],
    ['white space around members', 'foo=1 \t , \t bar=2, \t baz=3', 'foo=1 \t , \t bar=2, \t baz=3'],
    ['more white space', 'foo=1\t \t,\t \tbar=2,\t \tbaz=3', 'foo=1\t \t,\t \tbar=2,\t \tbaz=3'],
    ['white space around it all', '\t foo=1 \t', 'foo=1'],
    ['empty members', 'foo=1,,bar=2, ,', 'foo=1,,bar=2, ,'],
    ['a doubled key', 'foo=1,foo=2', 'foo=1,foo=2'],
    ['a doubled key in two fields', ['foo=1', 'foo=2'], 'foo=1, foo=2'],
    ['all characters of a key', `${key}=1`, `${key}=1`],
    ['all characters of a value', `foo=${value}`, `foo=${value}`],
    ['a value that begins with blanks', 'foo=  1', 'foo=  1'],
    ['a key with a tenant', `${key}@a-z0-9_-*/=1`, `${key}@a-z0-9_-*/=1`],
    ['a key that ends in @', 'foo@=1,bar=2', 'foo@=1,bar=2'],
    ['a key with two @', 'foo@bar@baz=1,bar=2', 'foo@bar@baz=1,bar=2'],
    ['a tenant of 242 characters', `${'t'.repeat(242)}@v=1`, `${'t'.repeat(242)}@v=1`],
    ['a vendor of 15 characters', `t@${'v'.repeat(15)}=1`, `t@${'v'.repeat(15)}=1`],
    ['a key that begins with a digit', '0foo=1', '0foo=1'],
    ['a key of 256 characters', ['foo=1', `${'z'.repeat(256)}=1`], `foo=1, ${'z'.repeat(256)}=1`],
    ['32 members in several fields', [bar(1, 10), bar(11, 32)], `${bar(1, 10)}, ${bar(11, 32)}`],
    [
      '512 characters',
      `a=${'1'.repeat(254)},b=${'2'.repeat(253)}`,
      `a=${'1'.repeat(254)},b=${'2'.repeat(253)}`,
    ],
  ])('with %s goes on byte for byte', async (_name, tracestate, goesOn) => {
    expect(await passOn({ traceparent, tracestate })).toEqual({ traceparent, tracestate: goesOn });
  });

  it.each<[string, string, string | string[]]>([
    ['whose name has a dash', 'trace-state', 'foo=1'],
    ['whose name has a dot', 'trace.state', 'foo=1'],
    ['that is empty', 'tracestate', ''],
    ['with a blank after a key', 'tracestate', 'foo =1'],
    ['with a key in capitals', 'tracestate', 'FOO=1'],
    ['with a dot in a key', 'tracestate', 'foo.bar=1'],
    ['with a key that begins with @', 'tracestate', '@foo=1,bar=2'],
    ['with a key that begins with a dash', 'tracestate', '-foo=1,bar=2'],
    ['without a key', 'tracestate', '=1,bar=2'],
    ['with a key of 257 characters', 'tracestate', ['foo=1', `${'z'.repeat(257)}=1`]],
    ['with 33 members', 'tracestate', [bar(1, 10), bar(11, 33)]],
    ['with an equals sign in a value', 'tracestate', 'foo=bar=baz'],
    ['with an empty value', 'tracestate', 'foo=,bar=3'],
    ['with a value of blanks', 'tracestate', 'foo=  ,bar=3'],
    ['with a tab in a value', 'tracestate', 'foo=1\t2,bar=3'],
    ['with a value of 257 characters', 'tracestate', `foo=${'1'.repeat(257)}`],
  ])('%s is discarded, and the trace goes on', async (_name, header, tracestate) => {
    expect(await passOn({ traceparent, [header]: tracestate })).toEqual({ traceparent });
  });

  it.each(['TraceState', 'TrAcEsTaTe', 'TRACESTATE'])('may be named %s', async (name) => {
    expect(await passOn({ traceparent, [name]: 'foo=1' })).toEqual({ traceparent, tracestate: 'foo=1' });
  });

  it('without a traceparent is discarded', async () => {
    expect(await passOn({ tracestate: 'foo=1,bar=2' })).toEqual({});
  });
});
