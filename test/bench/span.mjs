// A root span, started and ended through the OpenTelemetry API, kept by a processor in a ring of 1,024: ours beside
// OpenTelemetry's SDK. Prints one JSON line.
import { context } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { TracerProvider } from '@sonde/core';
import { compare } from './interleave.mjs';

context.setGlobalContextManager(new AsyncLocalStorageContextManager());

function keeper() {
  const ring = new Array(1024);
  let at = 0;
  return {
    onStart() {},
    onEnd(span) {
      ring[at++ & 1023] = span;
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

const sdk = new BasicTracerProvider({ spanProcessors: [keeper()] }).getTracer('bench');
const ours = new TracerProvider({ spanProcessors: [keeper()] }).getTracer('bench');

const cases = {
  'root span, start + end': (tracer) => (times) => {
    for (let i = 0; i < times; i++) tracer.startSpan('span').end();
  },
  'with 5 attributes at creation': (tracer) => (times) => {
    for (let i = 0; i < times; i++) {
      const attributes = {
        'a.text': 'text',
        'a.number': i,
        'a.flag': true,
        'b.text': 'more',
        'b.number': 1.5,
      };
      tracer.startSpan('span', { attributes }).end();
    }
  },
};

const results = Object.entries(cases).map(([name, work]) => {
  // A loop of its own for each, so that neither pays for the other's shapes.
  const separate = (tracer) => new Function('tracer', `return (${work})(tracer)`)(tracer);
  const nanos = compare({ 'sdk-trace-base': separate(sdk), '@sonde/core': separate(ours) });
  return { case: name, nanos, ratio: nanos['sdk-trace-base'] / nanos['@sonde/core'] };
});
console.log(JSON.stringify({ node: process.versions.node, results }));
