// What stays in memory of spans and contexts that nobody needs any more. To be run with --expose-gc.
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { ContextLossDetector, TracerProvider, traced, withSpan } from '@sonde/core';

const ring = [];
const processor = {
  onStart() {},
  onEnd: (span) => void ring.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
};
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
const tracer = trace.getTracer('collectable');

/** Which part of the things that `make` makes is still there once nothing holds them. */
async function alive(make) {
  const refs = await make((thing) => new WeakRef(thing));
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  return refs.filter((ref) => ref.deref() !== undefined).length / refs.length;
}

const found = {
  'ended spans': await alive((note) => {
    const refs = Array.from({ length: 100 }, () => withSpan('span', (span) => note(span)));
    ring.length = 0;
    return refs;
  }),
  'contexts of async work that is over': await alive(async (note) => {
    const refs = [];
    for (let i = 0; i < 100; i++) {
      await withSpan('span', async () => {
        await null;
        refs.push(note(context.active()));
      });
    }
    ring.length = 0;
    return refs;
  }),
  'the parents of the last span of a chain': await alive((note) => {
    const refs = [];
    let span = tracer.startSpan('first');
    for (let i = 0; i < 1_000; i++) {
      refs.push(note(span));
      const next = tracer.startSpan('next', {}, trace.setSpan(ROOT_CONTEXT, span));
      span.end();
      span = next;
    }
    ring.length = 0;
    ring.push(span);
    return refs;
  }),
  'what was given to spans that are kept': await alive((note) => {
    const refs = [];
    for (let i = 0; i < 100; i++) {
      const attributes = { list: [i], map: { i } };
      refs.push(note(attributes), note(attributes.list), note(attributes.map));
      tracer.startSpan('span', { attributes }).setAttributes(attributes).end();
    }
    return refs;
  }),
  'ended spans that were watched for lost context': await alive((note) => {
    const spanProcessors = [new ContextLossDetector({ say() {} })];
    const watched = new TracerProvider({ spanProcessors }).getTracer('watched');
    return Array.from({ length: 100 }, () => {
      const parent = watched.startSpan('parent');
      const child = watched.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent));
      parent.end();
      child.end();
      child.setAttribute('late', 1);
      return [note(parent), note(child)];
    }).flat();
  }),
  'generators that were left in the middle': await alive((note) => {
    const count = traced(function* count() {
      yield 1;
    });
    return Array.from({ length: 100 }, () => {
      const generator = count();
      generator.next();
      return note(generator);
    });
  }),
};
console.log(JSON.stringify(found));
