import { expect } from 'vitest';
import type { Call, HookName, Recorder } from './recorder.ts';

/** A hook's call; of those that come several times `#2` is the second one, and so on. */
export type Step = HookName | `${HookName}#${number}`;

export interface Sequence {
  /** The case, in the words of the recording. */
  readonly title: string;
  /**
   * In each chain, no step's time is before the time of the one named before it. A hook that stands in a chain is
   * called as often as the chains count, the others never; `wroteHeaderField` and `bodyChunk` come as often as they like.
   */
  readonly chains: readonly (readonly Step[])[];
  /** What some steps tell, beside their time. */
  readonly facts?: Partial<Record<Step, object>>;
}

/** What a client can't tell, or tells otherwise: each use says why, as does the limits table of the package's README. */
export interface Exceptions {
  /** Hooks that are never called here: they are left out of every chain. */
  readonly lacks?: readonly HookName[];
  /** Hooks that are called although the sequence lacks them: how often, and where is not looked at. */
  readonly adds?: readonly HookName[];
}

const err = expect.any(Error);
const failed = { err };

/** From the request's birth to the connection, of one that dials. */
const asked = ['requestStart', 'getConn'] as const;
const dns = ['dnsStart', 'dnsDone'] as const;
const tcp = ['connectStart', 'connectDone'] as const;
const handshake = ['tlsHandshakeStart', 'tlsHandshakeDone'] as const;

/** What follows on a connection, when all goes well. An answer may be here before the request is known to be written. */
const written = ['gotConn', 'wroteHeaderField', 'wroteHeaders', 'wroteRequest'] as const;
const answered = [
  'gotConn',
  'gotFirstResponseByte',
  'gotResponseHeaders',
  'bodyChunk',
  'requestEnd',
] as const;
const answeredWithoutBody = ['gotConn', 'gotFirstResponseByte', 'gotResponseHeaders', 'requestEnd'] as const;
/** The first piece of a body is one that was sent. */
const bodySent = ['wroteHeaders', 'bodyChunk', 'requestEnd'] as const;
const putBack = ['gotResponseHeaders', 'putIdleConn'] as const;
const closed = ['gotConn', 'connClosed'] as const;

const fresh = { reused: false, wasIdle: false, idleTimeMs: 0 };
const pooled = { reused: true, wasIdle: true };
const handedOn = { reused: true, wasIdle: false, idleTimeMs: 0 };

/**
 * What Go 1.27 was seen to call, case by case and under the names of the recording, as partial orders: Go itself
 * varies some of them from run to run. Sonde's own hooks stand where the contract puts them.
 */
export const sequences = {
  P1: {
    title: 'plain HTTP, a new connection to a name',
    chains: [[...asked, ...dns, ...tcp, ...written], answered, putBack],
    facts: { gotConn: fresh, gotResponseHeaders: { statusCode: 200 } },
  },
  P2: {
    title: 'a kept-alive connection',
    chains: [[...asked, ...written], answered, putBack],
    facts: { gotConn: pooled },
  },
  P3: {
    title: 'plain HTTP, a new connection to an address',
    chains: [[...asked, ...tcp, ...written], answered, putBack],
    facts: { gotConn: fresh },
  },
  P4: {
    title: 'an answer without a body (204)',
    chains: [[...asked, ...written], answeredWithoutBody, putBack],
    facts: { gotConn: pooled, gotResponseHeaders: { statusCode: 204 } },
  },
  P5: {
    title: 'a POST of 10 bytes',
    chains: [[...asked, ...written], answeredWithoutBody, bodySent, putBack],
    facts: { gotConn: pooled },
  },
  P6: {
    title: 'a POST of 1 MiB',
    chains: [[...asked, ...written], answeredWithoutBody, bodySent, putBack],
    facts: { gotConn: pooled },
  },
  P7: {
    title: 'a body of 64 KiB closed before it was read, which the client drains',
    chains: [[...asked, ...written], answeredWithoutBody, putBack],
    facts: { gotConn: pooled },
  },
  P8: {
    title: 'a body closed before it was read',
    chains: [[...asked, ...written], answeredWithoutBody, closed],
    facts: { gotConn: pooled },
  },
  P9: {
    title: 'a client without keep-alive',
    chains: [[...asked, ...dns, ...tcp, ...written], answered, closed],
    facts: { gotConn: fresh },
  },
  P10: {
    title: 'a request with Connection: close',
    chains: [[...asked, ...dns, ...tcp, ...written], answered, closed],
    facts: { gotConn: fresh },
  },
  P11a: {
    title: 'a connection that is the last which the pool may keep',
    chains: [[...asked, ...dns, ...tcp, ...written], answered, putBack],
    facts: { gotConn: fresh },
  },
  P11b: {
    title: 'a connection more than the pool may keep',
    chains: [[...asked, ...dns, ...tcp, ...written], answered, putBack, closed],
    facts: { putIdleConn: failed },
  },
  C1: {
    title: 'Expect: 100-continue, and the server sends 100',
    chains: [
      [...asked, ...tcp, 'gotConn', 'wroteHeaderField', 'wroteHeaders', 'wait100Continue'],
      ['gotConn', 'gotFirstResponseByte', 'got100Continue', 'got1xxResponse', 'wroteRequest', 'requestEnd'],
      ['got1xxResponse', 'gotResponseHeaders', 'requestEnd'],
      ['got100Continue', 'bodyChunk', 'requestEnd'],
      putBack,
    ],
    facts: { got1xxResponse: { statusCode: 100 }, gotResponseHeaders: { statusCode: 200 } },
  },
  C2: {
    title: 'Expect: 100-continue, and the server answers 417 at once',
    chains: [
      [...asked, ...tcp, 'gotConn', 'wroteHeaderField', 'wroteHeaders', 'wait100Continue'],
      answeredWithoutBody,
      ['wait100Continue', 'wroteRequest'],
      closed,
    ],
    facts: { gotResponseHeaders: { statusCode: 417 } },
  },
  C3: {
    title: 'Expect: 100-continue, the server is silent, and the client loses patience',
    chains: [
      [...asked, ...tcp, 'gotConn', 'wroteHeaderField', 'wroteHeaders', 'wait100Continue', 'wroteRequest'],
      ['wroteRequest', 'gotFirstResponseByte', 'gotResponseHeaders', 'requestEnd'],
      ['wait100Continue', 'bodyChunk', 'requestEnd'],
      putBack,
    ],
    facts: { gotResponseHeaders: { statusCode: 200 } },
  },
  C4: {
    title: 'two 103 Early Hints',
    chains: [
      [...asked, ...tcp, ...written],
      ['gotFirstResponseByte', 'got1xxResponse', 'got1xxResponse#2', 'gotResponseHeaders', 'bodyChunk'],
      answered,
      putBack,
    ],
    facts: {
      got1xxResponse: { statusCode: 103, headers: { link: '</a.css>; rel=preload' } },
      'got1xxResponse#2': { statusCode: 103 },
      gotResponseHeaders: { statusCode: 200 },
    },
  },
  C5: {
    title: 'a 100 that nobody asked for',
    chains: [
      [...asked, ...tcp, ...written],
      ['gotFirstResponseByte', 'got1xxResponse', 'gotResponseHeaders'],
      answered,
      putBack,
    ],
    facts: { got1xxResponse: { statusCode: 100 }, gotResponseHeaders: { statusCode: 200 } },
  },
  C7: {
    title: '101 Switching Protocols',
    chains: [[...asked, ...tcp, ...written], answeredWithoutBody],
    facts: { gotResponseHeaders: { statusCode: 101 }, requestEnd: { statusCode: 101 } },
  },
  T1: {
    title: 'TLS, a new connection',
    chains: [[...asked, ...tcp, ...handshake, ...written], answered, putBack],
    facts: { tlsHandshakeDone: { state: { version: 'TLSv1.3', didResume: false, authorized: true } } },
  },
  T2: {
    title: 'TLS, a kept-alive connection',
    chains: [[...asked, ...written], answered, putBack],
    facts: { gotConn: pooled },
  },
  T3: {
    title: 'TLS, a new connection that resumes a session',
    chains: [[...asked, ...tcp, ...handshake, ...written], answered, putBack],
    facts: { tlsHandshakeDone: { state: { version: 'TLSv1.3', didResume: true, authorized: true } } },
  },
  T4: {
    title: 'TLS with an authority that is not known',
    chains: [[...asked, ...tcp, ...handshake, 'getConnFailed', 'requestEnd']],
    facts: { tlsHandshakeDone: failed, getConnFailed: failed, requestEnd: failed },
  },
  T5: {
    title: 'TLS with a server that speaks plain HTTP',
    chains: [[...asked, ...tcp, ...handshake, 'getConnFailed', 'requestEnd']],
    facts: { tlsHandshakeDone: failed, getConnFailed: failed, requestEnd: failed },
  },
  T6: {
    title: 'a TLS handshake that takes too long',
    chains: [[...asked, ...tcp, ...handshake, 'getConnFailed', 'requestEnd']],
    facts: { tlsHandshakeDone: failed, getConnFailed: failed, requestEnd: failed },
  },
  H1: {
    title: 'HTTP/2, a new connection',
    chains: [[...asked, ...tcp, ...handshake, ...written], answered],
    facts: {
      tlsHandshakeDone: { state: { negotiatedProtocol: 'h2' } },
      gotConn: { ...fresh, conn: { protocol: 'h2' } },
    },
  },
  H2: {
    title: 'HTTP/2, a connection that lay idle',
    chains: [[...asked, ...written], answered],
    facts: { gotConn: { ...pooled, conn: { protocol: 'h2' } } },
  },
  H3: {
    title: 'HTTP/2, a second stream on a busy connection',
    chains: [[...asked, ...written], answered],
    facts: { gotConn: { ...handedOn, conn: { protocol: 'h2' } } },
  },
  H4: {
    title: 'HTTP/2, Expect: 100-continue',
    chains: [
      [...asked, 'gotConn', 'wroteHeaderField', 'wroteHeaders', 'wait100Continue', 'got100Continue'],
      ['gotFirstResponseByte', 'got1xxResponse', 'wroteRequest', 'requestEnd'],
      ['gotFirstResponseByte', 'got100Continue', 'gotResponseHeaders', 'requestEnd'],
      ['got100Continue', 'bodyChunk', 'requestEnd'],
    ],
    facts: { got1xxResponse: { statusCode: 100 } },
  },
  H5: {
    title: 'HTTP/2, two 103 Early Hints',
    chains: [
      [...asked, ...written],
      ['gotConn', 'gotFirstResponseByte', 'got1xxResponse', 'got1xxResponse#2', 'gotResponseHeaders'],
      answered,
    ],
    facts: { got1xxResponse: { statusCode: 103 } },
  },
  H6: {
    title: 'HTTP/2, a body closed before it was read',
    chains: [[...asked, ...written], answeredWithoutBody],
  },
  H7a: {
    title: 'HTTP/2, the first of two requests at once on a new connection',
    chains: [[...asked, ...tcp, ...handshake, ...written], answered],
    facts: { gotConn: { ...fresh, conn: { protocol: 'h2' } } },
  },
  // Go dials for both, and asks for a connection a second time when it throws one away. A session dials once.
  H7b: {
    title: 'HTTP/2, the second of two requests at once on a new connection',
    chains: [[...asked, ...written], answered],
    facts: { gotConn: { ...handedOn, conn: { protocol: 'h2' } } },
  },
  R1a: {
    title: 'a request whose connection a waiting one is handed',
    chains: [[...asked, ...tcp, ...written], answered, putBack],
    facts: { gotConn: fresh },
  },
  R1b: {
    title: 'a request that dials, and is handed another connection that became free meanwhile',
    chains: [[...asked, ...written], answered, putBack],
    facts: { gotConn: handedOn },
  },
  R2: {
    title: 'a request that waits for the only connection allowed',
    chains: [[...asked, ...written], answered, putBack],
    facts: { gotConn: handedOn },
  },
  X1: {
    title: 'a connection refused',
    chains: [[...asked, ...tcp, 'getConnFailed', 'requestEnd']],
    facts: { connectDone: failed, getConnFailed: failed, requestEnd: failed },
  },
  X2: {
    title: 'a connection refused at both addresses of a name',
    chains: [[...asked, ...dns, ...tcp, 'connectStart#2', 'connectDone#2', 'getConnFailed', 'requestEnd']],
    facts: { connectDone: failed, 'connectDone#2': failed, getConnFailed: failed, requestEnd: failed },
  },
  X3: {
    title: 'a name that does not exist',
    chains: [[...asked, ...dns, 'getConnFailed', 'requestEnd']],
    facts: { dnsDone: failed, getConnFailed: failed, requestEnd: failed },
  },
  X4: {
    title: 'a server that closes without an answer',
    chains: [[...asked, ...tcp, ...written, 'requestEnd'], closed],
    facts: { requestEnd: failed },
  },
  X5: {
    title: 'an answer that takes longer than the client waits for headers',
    chains: [[...asked, ...tcp, ...written, 'requestEnd'], closed],
    facts: { requestEnd: failed },
  },
  X6: {
    title: 'a deadline while the request waits for its answer',
    chains: [[...asked, ...tcp, ...written, 'requestEnd'], closed],
    facts: { requestEnd: failed },
  },
  X7: {
    title: 'a deadline while the connection is being dialed',
    // Go's dial goes on and is told after the request has failed; Node's is given up with the request.
    chains: [[...asked, ...tcp, 'getConnFailed', 'requestEnd']],
    facts: { connectDone: failed, getConnFailed: failed, requestEnd: failed },
  },
  X8: {
    title: 'a request on the connection that was dialed for one which gave up',
    chains: [[...dns, ...tcp, ...written], [...asked, 'gotConn'], answered, putBack],
    facts: { gotConn: fresh, dnsStart: { late: true }, connectDone: { late: true } },
  },
  X9: {
    title: 'a deadline while the body is being read',
    chains: [[...asked, ...tcp, ...written], answered, closed],
    facts: { requestEnd: failed },
  },
  X10: {
    title: 'a request body that cannot be read',
    chains: [
      [...asked, ...tcp, 'gotConn', 'wroteHeaderField', 'wroteHeaders', 'wroteRequest', 'requestEnd'],
      closed,
    ],
    facts: { wroteRequest: failed, requestEnd: failed },
  },
  E1: {
    title: 'Happy Eyeballs: the IPv6 address refuses',
    chains: [[...asked, ...dns, ...tcp, 'connectStart#2', 'connectDone#2', ...written], answered, putBack],
    facts: { connectDone: failed, gotConn: fresh },
  },
  E2: {
    title: 'Happy Eyeballs: the IPv6 address does not answer',
    chains: [
      [...asked, ...dns, 'connectStart', 'connectStart#2', ...written],
      ['connectStart', 'connectDone', 'requestEnd'],
      ['connectStart#2', 'connectDone#2', 'requestEnd'],
      answered,
      putBack,
    ],
    facts: { connectDone: failed, gotConn: fresh },
  },
  E3: {
    title: 'two lookups of one name at once',
    chains: [[...asked, ...dns, ...tcp, ...written], answered, putBack],
    // Go shares the second one.
    facts: { dnsDone: { coalesced: false } },
  },
  E4: {
    title: 'two IPv4 addresses, and the first refuses',
    chains: [[...asked, ...dns, ...tcp, 'connectStart#2', 'connectDone#2', ...written], answered, putBack],
    facts: { connectDone: failed, gotConn: fresh },
  },
  Y1: {
    title: 'a kept-alive connection that is dead, and a second attempt',
    chains: [
      [...asked, 'gotConn', 'wroteHeaderField', 'wroteHeaders', 'wroteRequest', 'connClosed', 'requestEnd'],
      ['requestEnd', 'requestStart#2', 'getConn#2', ...tcp, 'gotConn#2', 'wroteHeaders#2', 'wroteRequest#2'],
      ['gotConn#2', 'gotFirstResponseByte', 'gotResponseHeaders', 'bodyChunk', 'requestEnd#2'],
      putBack,
    ],
    facts: {
      gotConn: pooled,
      requestEnd: failed,
      'gotConn#2': fresh,
      gotResponseHeaders: { statusCode: 200 },
    },
  },
  Y2: {
    title: 'a redirect: every hook once for each hop',
    chains: [
      [...asked, ...tcp, ...written, 'requestEnd'],
      ['gotConn', 'gotFirstResponseByte', 'gotResponseHeaders', 'requestEnd', 'requestStart#2'],
      ['requestStart#2', 'getConn#2', 'gotConn#2', 'wroteHeaders#2', 'wroteRequest#2', 'requestEnd#2'],
      ['gotConn#2', 'gotFirstResponseByte#2', 'gotResponseHeaders#2', 'bodyChunk', 'requestEnd#2'],
      ['gotResponseHeaders', 'putIdleConn'],
      ['gotResponseHeaders#2', 'putIdleConn#2'],
    ],
    facts: {
      requestStart: { req: { attempt: 1 } },
      gotResponseHeaders: { statusCode: 302 },
      'gotConn#2': { reused: true },
      'gotResponseHeaders#2': { statusCode: 200 },
    },
  },
  Z1: {
    title: 'HTTPS through a proxy',
    chains: [
      [...asked, ...tcp, 'proxyConnectStart', 'proxyConnectDone', ...handshake, ...written],
      answered,
      putBack,
    ],
    facts: { gotConn: fresh },
  },
} as const satisfies Record<string, Sequence>;

export type SequenceName = keyof typeof sequences;

/** What else the recording has: no order of one request's hooks. */
const others = {
  C6: 'Got1xxResponse answers an error',
  E5: 'how often a body of 64 KiB is drained before Close returns',
  R1c: 'a request on the connection that was dialed for one which took another',
  Y3: 'composition: of two traces the inner one is called first',
  Z2: 'a dial of the user’s own, outside of the context',
} as const;

const titles: Record<CaseName, string> = {
  ...(Object.fromEntries(Object.entries(sequences).map(([name, { title }]) => [name, title])) as Record<
    SequenceName,
    string
  >),
  ...others,
};

/** Every case of Go's recording. */
export type CaseName = SequenceName | keyof typeof others;

/** Why a client has no test of a case: the other half of the table of cases and clients. */
export type Absent = Partial<Record<CaseName, string>>;

/** The same reason for several cases. */
export function absent(reason: string, ...names: CaseName[]): Absent {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** The tests of one client by the cases that they are of, so that none can be missing unnoticed. */
export class Cases {
  private readonly tested = new Set<CaseName>();

  /** The title of a test. */
  readonly as = (name: CaseName, more?: string): string => {
    this.tested.add(name);
    return `${name}: ${titles[name]}${more === undefined ? '' : `; ${more}`}`;
  };

  /** That each case has a test, or a reason why it can't have one, and none has both. */
  expectComplete(reasons: Absent): void {
    expect([...this.tested, ...Object.keys(reasons)].toSorted()).toEqual(Object.keys(titles).toSorted());
  }
}

/** Hooks whose number depends on what is sent, not on what happens. */
const UNCOUNTED: readonly HookName[] = ['wroteHeaderField', 'bodyChunk'];

const hookOf = (step: Step): HookName => step.split('#', 1)[0] as HookName;
const nthOf = (step: Step): number => Number(step.split('#')[1] ?? 1);

/** That the recorder heard what Go's recording of this name tells, but for the exceptions. */
export function expectSequence(recorder: Recorder, name: SequenceName, exceptions: Exceptions = {}): void {
  const { chains, facts = {} }: Sequence = sequences[name];
  const { lacks = [], adds = [] } = exceptions;
  const told = chains.map((chain) => chain.filter((step) => !lacks.includes(hookOf(step))));
  const heard = `${name}: ${recorder.hooks.join(' ')}`;

  expect(countsOf(recorder.hooks, adds), heard).toEqual(countsIn(told, adds));
  const steps = new Map(told.flat().map((step) => [step, callOf(recorder, step)]));
  for (const [step, call] of steps) expect(call, `${step} in ${heard}`).toBeDefined();
  for (const chain of told) {
    const times = chain.map((step) => steps.get(step)?.time);
    expect(times, `the times of ${chain.join(', ')}; ${heard}`).toEqual(times.toSorted(byNumber));
  }
  for (const [step, fact] of Object.entries(facts) as [Step, object][]) {
    if (lacks.includes(hookOf(step))) continue;
    expect(steps.get(step), `${step} of ${heard}`).toMatchObject(fact);
  }
}

const byNumber = (a = 0, b = 0): number => a - b;

function callOf(recorder: Recorder, step: Step): Call | undefined {
  return recorder.all(hookOf(step))[nthOf(step) - 1];
}

function countsOf(hooks: readonly HookName[], ignored: readonly HookName[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const hook of hooks) {
    if (UNCOUNTED.includes(hook) || ignored.includes(hook)) continue;
    counts[hook] = (counts[hook] ?? 0) + 1;
  }
  return counts;
}

/** A hook's highest number in any chain is how often it comes. */
function countsIn(
  chains: readonly (readonly Step[])[],
  ignored: readonly HookName[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const step of chains.flat()) {
    const hook = hookOf(step);
    if (UNCOUNTED.includes(hook) || ignored.includes(hook)) continue;
    counts[hook] = Math.max(counts[hook] ?? 0, nthOf(step));
  }
  return counts;
}
