// The least that keeps anything: a processor that puts each ended span into a ring.
import { requestWorks } from '../requests.mjs';

export async function start(setup, keep) {
  return requestWorks(setup, {
    onStart() {},
    onEnd: keep,
    forceFlush: async () => {},
    shutdown: async () => {},
  });
}
