// Who serves `response.end('ok')`: nobody's, inside a bare AsyncLocalStorage, and traced. A subject answers its handler,
// and how many requests it has kept of those that it traced.
import { startSonde, TRACERS } from './tracers.mjs';

const handle = (_request, response) => response.end('ok');

const idle = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

function sonde(start) {
  return {
    start: async () => {
      await start();
      return { handle };
    },
  };
}

const traced = ([name, { runsOn, start }]) => [
  name,
  { runsOn, start: async () => ({ handle, kept: (await start()).kept }) },
];

export const SERVERS = {
  plain: {
    runsOn: () => true,
    start: async () => ({ handle, kept: () => 1 }),
  },

  'AsyncLocalStorage.run': {
    runsOn: () => true,
    async start() {
      const { AsyncLocalStorage } = await import('node:async_hooks');
      const storage = new AsyncLocalStorage();
      const store = {};
      return { handle: (request, response) => storage.run(store, handle, request, response), kept: () => 1 };
    },
  },

  ...Object.fromEntries(
    Object.entries(TRACERS)
      .filter(([name]) => name !== 'sonde alone')
      .map(traced),
  ),
};

/** What each part of ours adds, for `parts.mjs`. */
export const PARTS = {
  plain: SERVERS.plain,
  'AsyncLocalStorage.run': SERVERS['AsyncLocalStorage.run'],
  'in context, no span': sonde(() => startSonde(idle, { ignoreIncoming: () => true })),
  'a span, kept by nobody': sonde(() => startSonde(idle)),
  'a span in a ring': sonde(TRACERS['sonde alone'].start),
  'a span in the page’s store': sonde(TRACERS.sonde.start),
  'instrumentation-http': SERVERS['sdk-trace-base'],
};

/** As `sonde/register` starts it, for `runtime.mjs`. */
const registered = (options) => ({
  start: async () => {
    const { start } = await import('sonde');
    start({ ...options, discovery: false });
    return { handle, kept: () => 1 };
  },
});
export const RUNTIME = {
  'runtime not recorded': registered({ runtime: false }),
  /** What two processes that do the same differ by. */
  'not recorded either': registered({ runtime: false }),
  'runtime recorded': registered({ runtime: true }),
};

/** Those that run under this Node. */
export const serversOf = (node) => Object.keys(SERVERS).filter((subject) => SERVERS[subject].runsOn(node));
