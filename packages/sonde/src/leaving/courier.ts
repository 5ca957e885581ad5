/**
 * A thread that brings the last spans to the collector, while the thread that made them waits at its end. It has an event
 * loop of its own and nothing else of the program: no preloads, no tracing, nothing on stdout or stderr. Imported as text
 * (`courier.ts?thread`): nothing is read from a disk at the end, whoever has bundled Sonde.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import { promisify } from 'node:util';
import { workerData } from 'node:worker_threads';
import { ACCEPTED, type CourierData, DONE, type Letter } from './courier-message.ts';

/** So many requests at once, as the exporter has. */
const CONNECTIONS = 8;
/** With a pause of 200 ms that doubles, the last try is after 1.4 s. */
const TRIES = 4;
const FIRST_PAUSE_MILLIS = 200;
/** OTLP/HTTP, "Retryable Response Codes". */
const RETRYABLE_STATUS: readonly unknown[] = [429, 502, 503, 504];
/** Somebody was there, and may be again in a moment. */
const RETRYABLE_ERRORS: readonly unknown[] = ['ECONNRESET', 'EPIPE'];

interface Refusal {
  readonly reason: string;
  /** When to try again; never if absent. */
  readonly pauseMillis?: number;
}

const { compression, headers, letters, patienceMillis, shared, tls, url } = workerData as CourierData;
// TLS takes a while to load: not where nobody speaks it.
const https = url.startsWith('https:') ? process.getBuiltinModule('node:https') : undefined;
const agent = new (https?.Agent ?? Agent)({ keepAlive: true, maxSockets: CONNECTIONS, ...tls });
const gzip = compression === 'gzip' ? promisify(process.getBuiltinModule('node:zlib').gzip) : undefined;
let underWay = 0;
let complete = false;

letters.on('message', async (letter: Letter | null) => {
  if (letter === null) complete = true;
  else {
    underWay++;
    const refusal = await deliver(letter.body);
    if (refusal === undefined) Atomics.add(shared, ACCEPTED, letter.spans);
    else letters.postMessage(refusal.reason);
    underWay--;
  }
  if (!complete || underWay > 0) return;
  Atomics.store(shared, DONE, 1);
  Atomics.notify(shared, DONE);
});

async function deliver(body: Uint8Array): Promise<Refusal | undefined> {
  const sent = gzip === undefined ? body : await gzip(body);
  for (let tries = 1; ; tries++) {
    const refusal = await post(sent, FIRST_PAUSE_MILLIS * 2 ** (tries - 1));
    if (refusal?.pauseMillis === undefined || refusal.pauseMillis > patienceMillis || tries === TRIES)
      return refusal;
    await new Promise((resolve) => setTimeout(resolve, refusal.pauseMillis));
  }
}

/** @param pauseMillis until the next try, if this one is in vain and the collector does not say when */
function post(body: Uint8Array, pauseMillis: number): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    const outgoing = (https?.request ?? request)(url, {
      method: 'POST',
      agent,
      headers: { 'user-agent': 'sonde', ...headers, 'content-length': body.length },
    });
    outgoing.on('response', (response: IncomingMessage) => {
      // Another request may need the connection.
      response.resume();
      const { headers, statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) resolve(undefined);
      else if (!RETRYABLE_STATUS.includes(statusCode)) resolve({ reason: `HTTP ${statusCode}` });
      else {
        const asked = Number(headers['retry-after']) * 1_000;
        resolve({ reason: `HTTP ${statusCode}`, pauseMillis: asked > 0 ? asked : pauseMillis });
      }
    });
    outgoing.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      const reason = code ?? message;
      resolve(RETRYABLE_ERRORS.includes(code) ? { reason, pauseMillis } : { reason });
    });
    outgoing.end(body);
  });
}
