import type { MessagePort } from 'node:worker_threads';
import type { ReadableSpan } from '@sonde/core';
import { contentTypeOf, loadSerializer, type Serializer } from '../otlp/serializer.ts';
import type { OtlpSettings } from '../otlp/settings.ts';
import courier from './courier.ts?thread';
import { ACCEPTED, type CourierData, DONE, type Letter } from './courier-message.ts';
import type { Unsent } from './departing.ts';

/**
 * Sends what is unsent without the event loop of this thread, and blocks until the collector has taken it or the time is up:
 * for the end of a process, when nothing asynchronous happens any more. What was on its way already is sent once more, since
 * nobody can tell whether it arrived. Answers a sentence on what did not. Where there may be no Worker (`--permission`) or
 * nothing that makes the bodies, nothing is taken. Never throws.
 */
export function handOver(unsent: Unsent, otlp: OtlpSettings, patienceMillis: number): string | undefined {
  const { MessageChannel, receiveMessageOnPort } = threads();
  const { port1: letters, port2: theirs } = new MessageChannel();
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const deadline = performance.now() + patienceMillis;
  try {
    // First, since it takes 30 ms to start, and does that on another core.
    sendOff(otlp, { letters: theirs, shared, patienceMillis });
    const handed = write(unsent, loadSerializer(otlp.protocol), letters);
    const inTime = Atomics.wait(shared, DONE, 0, Math.max(0, deadline - performance.now())) !== 'timed-out';
    const lost = handed - (shared[ACCEPTED] as number);
    if (lost === 0) return undefined;
    const reason =
      receiveMessageOnPort(letters)?.message ?? (inTime ? 'they cannot be written' : 'no answer');
    return `${lost} ${lost === 1 ? 'span is' : 'spans are'} lost with the end of the process: ${otlp.url.origin}${otlp.url.pathname} did not take them (${reason})`;
  } catch {
    return undefined;
  } finally {
    letters.close();
  }
}

/** Not a start's business: only the end needs them. */
const threads = () => process.getBuiltinModule('node:worker_threads');

/** The courier has no preload of the program, which would start Sonde there, and holds no process. */
function sendOff(otlp: OtlpSettings, way: Pick<CourierData, 'letters' | 'shared' | 'patienceMillis'>): void {
  const { compression, headers, protocol, tls, url } = otlp;
  const data: CourierData = {
    ...way,
    url: url.href,
    compression,
    tls,
    headers: {
      ...headers,
      'content-type': contentTypeOf(protocol),
      ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    },
  };
  const worker = new (threads().Worker)(courier, {
    eval: true,
    name: 'sonde courier',
    execArgv: [],
    env: { SONDE_DISABLED: '1', ...trust() },
    // Else they would be the program's.
    stdout: true,
    stderr: true,
    workerData: data,
    transferList: [way.letters],
  });
  worker.on('error', () => {});
  worker.unref();
}

/** Whom the thread trusts besides what the settings say: on Node 24 and 26 the system's authorities are for a thread to ask for. */
function trust(): Record<string, string> {
  const { NODE_OPTIONS = '', NODE_TLS_REJECT_UNAUTHORIZED = '', NODE_USE_SYSTEM_CA = '' } = process.env;
  const options = [...process.execArgv, ...NODE_OPTIONS.split(' ')];
  return {
    NODE_TLS_REJECT_UNAUTHORIZED,
    NODE_USE_SYSTEM_CA: options.includes('--use-system-ca') ? '1' : NODE_USE_SYSTEM_CA,
  };
}

/** Answers how many spans there were. */
function write(unsent: Unsent, serialize: Serializer, letters: MessagePort): number {
  let spans = 0;
  for (const batch of unsent.takeUnsent()) {
    spans += batch.length;
    const body = serializeOrNone(batch, serialize);
    if (body === undefined) continue;
    const letter: Letter = { body, spans: batch.length };
    letters.postMessage(letter);
  }
  letters.postMessage(null);
  return spans;
}

/** What cannot be written is lost, as it would be with the exporter, and nothing else with it. */
function serializeOrNone(spans: ReadableSpan[], serialize: Serializer): Uint8Array | undefined {
  try {
    return serialize(spans);
  } catch {
    return undefined;
  }
}
