// Datadog's tracer by its own API, which is the shortest way into it. Finished spans are formatted as they are for the
// agent, and kept instead of sent. A child of an explicit context has no fair counterpart: it would be a chunk of its own.
import { make, threeHeaders, traceparentAlone } from '../headers.mjs';
import { exception } from '../spans.mjs';
import { packagesOf } from './packages.mjs';

const { load, version: versionOf } = packagesOf(new URL('../peers/', import.meta.url));

export const setups = ['recording'];
export const version = () => versionOf('dd-trace');
export const runsOn = (node) => node >= 22;

/** Nothing that works in the background, and the headers of the others. */
const environment = {
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_CRASHTRACKING_ENABLED: 'false',
  DD_TRACE_STARTUP_LOGS: 'false',
  DD_TRACE_PROPAGATION_STYLE: 'tracecontext,baggage',
};

/** The tracer, handing each finished span to `keep`. `plugins`: whether it traces what the process does by itself. */
export function init(keep, plugins) {
  Object.assign(process.env, environment);
  const tracer = load('dd-trace').init({ plugins, service: 'bench' });
  tracer._tracer._processor._exporter = { export: (spans) => spans.forEach(keep) };
  return tracer;
}

export async function start(_setup, keep) {
  const tracer = init(keep, false);
  return { ...spanWorks(tracer), ...headerWorks(tracer) };
}

function spanWorks(tracer) {
  const error = exception();
  const active = (name, fn) => {
    const span = tracer.startSpan(name, { childOf: tracer.scope().active() });
    return tracer.scope().activate(span, () => fn(span));
  };
  return {
    root(times) {
      for (let i = 0; i < times; i++) tracer.startSpan('span').finish();
    },
    attributes(times) {
      for (let i = 0; i < times; i++) {
        const span = tracer.startSpan('span');
        span.setTag('a.text', 'text');
        span.setTag('a.number', i);
        span.setTag('a.flag', true);
        span.setTag('b.text', 'more');
        span.setTag('b.number', 1.5);
        span.finish();
      }
    },
    full(times) {
      for (let i = 0; i < times; i++) {
        const span = tracer.startSpan('span');
        span.setTag('a.text', 'text');
        span.setTag('a.number', i);
        span.setTag('a.flag', true);
        span.setTag('b.text', 'more');
        span.setTag('b.number', 1.5);
        span.addEvent('asked');
        span.addEvent('answered', { 'answer.size': 3 });
        span.setTag('error', error);
        span.finish();
      }
    },
    async nested(times) {
      for (let i = 0; i < times; i++) {
        await active('parent', async (parent) => {
          for (let child = 0; child < 3; child++) await active('child', leaf);
          parent.finish();
        });
      }
    },
    async bare(times) {
      for (let i = 0; i < times; i++) {
        await untraced('parent', async (parent) => {
          for (let child = 0; child < 3; child++) await untraced('child', leaf);
          parent.finish();
        });
      }
    },
  };
}

async function leaf(span) {
  await null;
  span.finish();
}

const noSpan = { finish() {} };
const untraced = (_name, fn) => fn(noSpan);

function headerWorks(tracer) {
  const extract = (carriers) => {
    for (let i = 0; i < carriers.length; i++) carriers[i] = tracer.extract('http_headers', carriers[i]);
  };
  return {
    inject: {
      prepare: (count) => make(count, () => tracer.extract('http_headers', threeHeaders())),
      run(contexts) {
        for (let i = 0; i < contexts.length; i++) {
          const headers = {};
          tracer.inject(contexts[i], 'http_headers', headers);
          contexts[i] = headers;
        }
      },
    },
    extract: { prepare: (count) => make(count, threeHeaders), run: extract },
    traceparent: { prepare: (count) => make(count, traceparentAlone), run: extract },
  };
}
