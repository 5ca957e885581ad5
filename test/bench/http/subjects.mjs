// Who serves `response.end('ok')`: nobody's, inside a bare AsyncLocalStorage, and traced. A subject answers its handler,
// and how many requests it has kept of those that it traced.
import { TRACERS } from './tracers.mjs';

const handle = (_request, response) => response.end('ok');

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

/** Those that run under this Node. */
export const serversOf = (node) => Object.keys(SERVERS).filter((subject) => SERVERS[subject].runsOn(node));
