// Who asks: nobody's, with hooks that do nothing, and traced. A subject answers how many spans it has kept, and, where the
// asking has to be inside something, what.
import { TRACERS } from './tracers.mjs';

/** Those that make no spans have nothing to keep. */
const none = () => Number.POSITIVE_INFINITY;

/** A ClientTrace with these hooks, which do nothing. */
const idle = (...hooks) => Object.fromEntries(hooks.map((hook) => [hook, () => {}]));

const THREE = ['gotConn', 'gotFirstResponseByte', 'requestEnd'];
const ALL = [
  ...THREE,
  'requestStart',
  'getConn',
  'getConnFailed',
  'dnsStart',
  'dnsDone',
  'connectStart',
  'connectDone',
  'tlsHandshakeStart',
  'tlsHandshakeDone',
  'proxyConnectStart',
  'proxyConnectDone',
  'putIdleConn',
  'connClosed',
  'wroteHeaderField',
  'wroteHeaders',
  'wait100Continue',
  'wroteRequest',
  'got100Continue',
  'got1xxResponse',
  'gotResponseHeaders',
  'bodyChunk',
];

/** How a slice is asked for in the process of `hooks`: the same code, with these hooks and without. */
export const MODES = { off: undefined, installed: [], three: THREE, all: ALL };

/** Installs the hooks as somebody else's scope does, until they are let go: that is no part of a slice. */
function hold({ withClientTrace }) {
  let letGo;
  withClientTrace(idle(...ALL), () => new Promise((resolve) => (letGo = resolve)));
  return letGo;
}

export const CLIENTS = {
  plain: { runsOn: () => true, start: async () => ({ kept: none }) },

  hooks: {
    runsOn: () => true,
    async start() {
      const httptrace = await import('@sonde/httptrace');
      return {
        hold: (mode) => (MODES[mode] === undefined ? () => {} : hold(httptrace)),
        around: (fn, mode) =>
          MODES[mode]?.length > 0 ? httptrace.withClientTrace(idle(...MODES[mode]), fn) : fn(),
        kept: none,
      };
    },
  },

  sonde: TRACERS['sonde alone'],
  'sdk-trace-base': TRACERS['sdk-trace-base'],
  'dd-trace': TRACERS['dd-trace'],
  sentry: TRACERS.sentry,
};

/** Those that run under this Node. */
export const clientsOf = (node) => Object.keys(CLIENTS).filter((subject) => CLIENTS[subject].runsOn(node));
