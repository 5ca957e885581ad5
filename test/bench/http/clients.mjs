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

const traced = (hooks) => ({
  runsOn: () => true,
  async start() {
    const { withClientTrace } = await import('@sonde/httptrace');
    return { around: (fn) => withClientTrace(idle(...hooks), fn), kept: none };
  },
});

export const CLIENTS = {
  off: { runsOn: () => true, start: async () => ({ kept: none }) },

  /** The hooks are there, as somebody else's scope needs them, and none is for these requests. */
  installed: {
    runsOn: () => true,
    async start() {
      const { withClientTrace } = await import('@sonde/httptrace');
      withClientTrace(idle(...ALL), () => new Promise(() => {}));
      return { kept: none };
    },
  },

  'three hooks': traced(THREE),
  'all hooks': traced(ALL),

  sonde: TRACERS['sonde alone'],
  'sdk-trace-base': TRACERS['sdk-trace-base'],
  'dd-trace': TRACERS['dd-trace'],
  sentry: TRACERS.sentry,
};

/** Those that run under this Node. */
export const clientsOf = (node) => Object.keys(CLIENTS).filter((subject) => CLIENTS[subject].runsOn(node));
