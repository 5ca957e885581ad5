// What stands behind /debug/requests.
import { newTrace, RequestStore, RequestsProcessor } from '@sonde/debug';
import { requestWorks } from '../requests.mjs';

export async function start(setup) {
  const store = new RequestStore();
  return { ...requestWorks(setup, new RequestsProcessor(store)), ...byHandWorks(store) };
}

/** Go's own benchmarks: a trace, and one with three lines. */
function byHandWorks(store) {
  return {
    trace(times) {
      for (let i = 0; i < times; i++) newTrace('mypkg.Foo', '/foo', store).finish();
    },
    lines(times) {
      for (let i = 0; i < times; i++) {
        const trace = newTrace('mypkg.Foo', '/foo', store);
        trace.lazyPrintf('decoded request id=%d', i);
        trace.lazyPrintf('cache %j miss', 'asset');
        trace.lazyPrintf('%d rows', 3);
        trace.finish();
      }
    },
  };
}
