import { describe, expect, it } from 'vitest';
import { fits } from './api-copies.ts';
import { type Situation, troublesOf } from './troubles.ts';

const copy = { version: '1.9.1', path: 'node_modules/@opentelemetry/api', sees: true };
/** All is well: nothing to say. */
const well: Situation = {
  facts: { sampler: 'RecordAll{AlwaysOnSampler}', exporting: [], ignoredRequests: 0 },
  api: {
    provider: 'TracerProvider',
    contextManager: 'AsyncLocalStorageContextManager',
    propagatedHeaders: ['traceparent'],
    registeredVersion: '1.9.1',
    copies: [copy],
  },
  cost: () => {
    throw new Error('costs are no trouble');
  },
  switchedOff: [],
  seen: 3,
  spans: 9,
};
const exporting = { endpoint: 'http://c', queued: 0, maxQueued: 1, inFlight: 0, exported: 0, dropped: [] };

const { provider: _, ...withoutProvider } = well.api;
const { contextManager: __, ...withoutContextManager } = well.api;

describe('what keeps spans away is said in one sentence', () => {
  it('and nothing when all is well', () => {
    expect(troublesOf(well)).toEqual([]);
  });

  it.each<[string, Partial<Situation>, RegExp]>([
    ['a switch', { switchedOff: ['OTEL_SDK_DISABLED=true'] }, /^OTEL_SDK_DISABLED=true is set, so nothing/],
    [
      'what whoever runs the pages knows',
      { facts: { ...well.facts, troubles: ['another SDK\nwas first'] } },
      /^another SDK was first$/,
    ],
    ['no provider', { api: withoutProvider }, /^No tracer provider is registered/],
    [
      'a provider that nobody told of the processor',
      { facts: {}, seen: 0, spans: 0 },
      /^A provider \(TracerProvider\) is registered, but none of its spans/,
    ],
    [
      'a copy of the api that sees nothing',
      { api: { ...well.api, copies: [copy, { version: '1.10.0', path: 'deep/api', sees: false }] } },
      /^@opentelemetry\/api 1\.10\.0 at deep\/api does not see what version 1\.9\.1 has registered/,
    ],
    ['no context manager', { api: withoutContextManager }, /^No context manager is registered/],
    [
      'rules that ignore everything',
      { seen: 0, spans: 0, facts: { ...well.facts, ignoredRequests: 12 } },
      /^Every request until now, 12 of them, was ignored/,
    ],
    ['nothing asked yet', { seen: 0, spans: 0 }, /^No request has been seen until now/],
    [
      'an export that failed last',
      {
        facts: {
          ...well.facts,
          exporting: [{ ...exporting, lastExport: 1, lastError: { reason: 'ECONNREFUSED', at: 2 } }],
        },
      },
      /^The last export to http:\/\/c failed: ECONNREFUSED\.$/,
    ],
  ])('%s', (_name, situation, sentence) => {
    const said = troublesOf({ ...well, ...situation });
    expect(said).toEqual([expect.stringMatching(sentence)]);
  });

  it('an export that failed and has worked since is past', () => {
    const facts = {
      ...well.facts,
      exporting: [{ ...exporting, lastExport: 3, lastError: { reason: 'x', at: 2 } }],
    };
    expect(troublesOf({ ...well, facts })).toEqual([]);
  });

  it('of endless sentences twenty are said', () => {
    const troubles = Array.from({ length: 50 }, (_, i) => `trouble ${i}`);
    expect(troublesOf({ ...well, facts: { ...well.facts, troubles } })).toHaveLength(20);
  });
});

describe('a copy of the api', () => {
  it.each([
    ['1.9.1', '1.9.1', true],
    ['1.9.0', '1.9.1', true],
    ['1.9.1', '1.9.0', true],
    ['1.9.1', '1.10.0', true],
    ['1.10.0', '1.9.1', false],
    ['2.0.0', '1.9.1', false],
    ['1.9.1', '2.0.0', false],
    ['1.9.1-rc.1', '1.9.1', false],
    ['1.9.1-rc.1', '1.9.1-rc.1', true],
    ['nonsense', '1.9.1', false],
  ])('%s takes what %s has registered: %s', (version, registered, answer) => {
    expect(fits(version, registered)).toBe(answer);
  });
});
