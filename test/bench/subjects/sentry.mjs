// Sentry's SDK by its own API. What it would send is kept: the transport is replaced, and its buffer of ended spans is
// emptied every 256 spans and after each slice instead of every 5 s. Everything is set up as init() does it, but for one
// integration: "Context" asks the operating system for free memory at each root span, which would be most of the figure.
// Its headers are its own, so none are compared.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { exception } from '../spans.mjs';
import { packagesOf } from './packages.mjs';

const { load, version: versionOf } = packagesOf(new URL('../peers/', import.meta.url));

export const setups = ['recording'];
export const version = () => versionOf('@sentry/node');
export const runsOn = () => true;

const SPANS_PER_FLUSH = 256;

/** The SDK and its client, which hands to `keep` what it would send. */
export function init(keep) {
  const sentry = load('@sentry/node');
  const client = sentry.init({
    dsn: 'https://key@localhost/1',
    tracesSampleRate: 1,
    integrations: (defaults) => defaults.filter(({ name }) => name !== 'Context'),
    transport: () => ({
      async send(envelope) {
        keep(envelope);
        return { statusCode: 200 };
      },
      flush: async () => true,
    }),
  });
  return { sentry, client };
}

export async function start(_setup, keep) {
  const { sentry, client } = init(keep);
  const error = exception();

  /** Does something that makes so many spans, so many times, and all that follows from it. */
  const flushing = (spans, once) => async (times) => {
    for (let i = 0; i < times; i++) {
      const pending = once(i);
      if (pending !== undefined) await pending;
      if ((i * spans) % SPANS_PER_FLUSH === SPANS_PER_FLUSH - spans || i === times - 1) {
        client.emit('flush');
        await nextTurn();
      }
    }
  };

  return {
    root: flushing(1, () => {
      sentry.startInactiveSpan({ name: 'span' }).end();
    }),
    attributes: flushing(1, (i) => {
      const span = sentry.startInactiveSpan({ name: 'span' });
      span.setAttribute('a.text', 'text');
      span.setAttribute('a.number', i);
      span.setAttribute('a.flag', true);
      span.setAttribute('b.text', 'more');
      span.setAttribute('b.number', 1.5);
      span.end();
    }),
    full: flushing(1, (i) => {
      const span = sentry.startInactiveSpan({ name: 'span' });
      span.setAttribute('a.text', 'text');
      span.setAttribute('a.number', i);
      span.setAttribute('a.flag', true);
      span.setAttribute('b.text', 'more');
      span.setAttribute('b.number', 1.5);
      span.addEvent('asked');
      span.addEvent('answered', { 'answer.size': 3 });
      span.recordException(error);
      span.setStatus({ code: 2, message: 'it failed' });
      span.end();
    }),
    nested: flushing(4, () =>
      sentry.startSpanManual({ name: 'parent' }, async (parent) => {
        for (let child = 0; child < 3; child++) await sentry.startSpanManual({ name: 'child' }, leaf);
        parent.end();
      }),
    ),
    async bare(times) {
      for (let i = 0; i < times; i++) {
        await untraced({ name: 'parent' }, async (parent) => {
          for (let child = 0; child < 3; child++) await untraced({ name: 'child' }, leaf);
          parent.end();
        });
      }
    },
  };
}

async function leaf(span) {
  await null;
  span.end();
}

const noSpan = { end() {} };
const untraced = (_options, fn) => fn(noSpan);
