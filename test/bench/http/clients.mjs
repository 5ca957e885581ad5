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

/** How a slice is asked for in the process of `hooks`: the same code, with and without. */
export const MODES = {
  off: (_httptrace, fn) => fn(),
  /** The hooks are there, as somebody else's scope needs them, and none is for these requests. */
  async installed({ withClientTrace }, fn) {
    let close;
    withClientTrace(idle(...ALL), () => new Promise((resolve) => (close = resolve)));
    await fn();
    close();
  },
  three: ({ withClientTrace }, fn) => withClientTrace(idle(...THREE), fn),
  all: ({ withClientTrace }, fn) => withClientTrace(idle(...ALL), fn),
};

export const CLIENTS = {
  plain: { runsOn: () => true, start: async () => ({ kept: none }) },

  hooks: {
    runsOn: () => true,
    async start() {
      const httptrace = await import('@sonde/httptrace');
      return { around: (fn, mode = 'all') => MODES[mode](httptrace, fn), kept: none };
    },
  },

  sonde: TRACERS['sonde alone'],
  'sdk-trace-base': TRACERS['sdk-trace-base'],
  'dd-trace': TRACERS['dd-trace'],
  sentry: TRACERS.sentry,
};

/** Those that run under this Node. */
export const clientsOf = (node) => Object.keys(CLIENTS).filter((subject) => CLIENTS[subject].runsOn(node));
