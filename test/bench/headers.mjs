// Trace headers, in and out, through the OpenTelemetry API. Every header is a string that nobody has seen, flat as a
// parser makes them, and every context is injected once: nothing can be remembered from the time before.
import { randomBytes } from 'node:crypto';

/** @param api the subject's copy of @opentelemetry/api, with its propagator registered */
export function headerWorks(api) {
  const { propagation, ROOT_CONTEXT } = api;
  const inject = (contexts) => {
    for (let i = 0; i < contexts.length; i++) {
      const headers = {};
      propagation.inject(contexts[i], headers);
      contexts[i] = headers;
    }
  };
  const extract = (carriers) => {
    for (let i = 0; i < carriers.length; i++) carriers[i] = propagation.extract(ROOT_CONTEXT, carriers[i]);
  };
  return {
    inject: {
      prepare: (count) => make(count, () => propagation.extract(ROOT_CONTEXT, threeHeaders())),
      run: inject,
    },
    'inject-made': { prepare: (count) => make(count, () => contextByHand(api)), run: inject },
    extract: { prepare: (count) => make(count, threeHeaders), run: extract },
    traceparent: { prepare: (count) => make(count, traceparentAlone), run: extract },
  };
}

export const make = (count, one) => Array.from({ length: count }, one);

export const threeHeaders = () => ({
  traceparent: traceparent(),
  tracestate: received(`vendor=${hex(8)},other=${hex(4)}`),
  baggage: received(`user=${hex(4)},region=eu-${hex(2)},tier=${hex(2)};source=cache`),
});

export const traceparentAlone = () => ({ traceparent: traceparent() });

const traceparent = () => received(`00-${hex(16)}-${hex(8)}-01`);
const received = (text) => Buffer.from(text, 'latin1').toString('latin1');

const digits = randomBytes(1 << 16).toString('hex');
function hex(bytes) {
  const from = Math.floor(Math.random() * (digits.length - 2 * bytes));
  return digits.slice(from, from + 2 * bytes);
}

function contextByHand({ createTraceState, propagation, ROOT_CONTEXT, trace }) {
  const baggage = propagation.createBaggage({
    user: { value: hex(4) },
    region: { value: received(`eu-${hex(2)}`) },
    tier: { value: hex(2) },
  });
  const spanContext = {
    traceId: received(hex(16)),
    spanId: received(hex(8)),
    traceFlags: 1,
    traceState: createTraceState(`vendor=${hex(8)},other=${hex(4)}`),
  };
  return propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, spanContext), baggage);
}
