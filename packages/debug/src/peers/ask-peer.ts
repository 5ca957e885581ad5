import type { ClientRequest, IncomingMessage } from 'node:http';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { type ForeignSpan, OtlpReader } from '../forms/read-otlp.ts';
import { byteCount, cut, TITLE_LIMIT } from '../pages/text.ts';
import type { Peer } from './peer.ts';

/** What a peer knows of a trace. */
export interface PeerAnswer {
  readonly peer: Peer;
  /** As it calls itself. */
  readonly service: string | undefined;
  readonly pid: number | undefined;
  readonly spans: readonly ForeignSpan[];
  /** Spans that it did not keep, or that could not be taken. */
  readonly leftOut: number;
  /** Why it did not tell, or not all; the rest of a sentence that begins with its name. */
  readonly failure: string | undefined;
}

/** What one asking may take in, from all peers together. Counted down. */
export interface Allowance {
  bytes: number;
  spans: number;
}

export interface Question {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  readonly timeoutMillis: number;
  readonly allowance: Allowance;
  /** For peers that are listed, and nobody else. */
  readonly token: string | undefined;
}

/** In bytes. A line is parsed at one go. */
export const ANSWER_LIMIT: number = 4 * 1024 * 1024;
export const LINE_LIMIT: number = 512 * 1024;

/** The key by which OpenTelemetry's SDKs, and ours, know that nothing is to be traced. */
const SUPPRESSED = ROOT_CONTEXT.setValue(
  createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING'),
  true,
);

/**
 * Asks a peer for its own part of a trace, and no further: the form that it is asked for never asks others. No
 * redirect is followed and nothing is traced. Whatever comes back is checked and counted. Never rejects.
 */
export function askPeer(peer: Peer, question: Question): Promise<PeerAnswer> {
  return new Promise((resolve) => {
    const reading = new Reading(question);
    let asking: ClientRequest | undefined;
    let response: IncomingMessage | undefined;
    const settle = (failure?: string): void => {
      clearTimeout(patience);
      resolve({ peer, ...reading.result, failure });
      asking?.destroy();
    };
    // The promise takes the first answer alone, and nobody is kept waiting by a timer or socket of a guest.
    const patience = setTimeout(() => {
      settle(`did not answer within ${question.timeoutMillis / 1000} s`);
    }, question.timeoutMillis).unref();
    try {
      asking = context.with(SUPPRESSED, () => send(peer, question));
    } catch (error) {
      return settle(`could not be asked: ${reasonOf(error as Error)}`);
    }
    asking
      .once('socket', (socket) => socket.unref())
      .on('error', (error) => settle(`did not answer: ${reasonOf(error)}`))
      .once('close', () => {
        // One that is complete has yet to be read to its end.
        if (response?.complete !== true) settle(response === undefined ? HUNG_UP : BROKE_OFF);
      })
      .once('response', (begun) => {
        response = begun;
        if (response.statusCode !== 200) return settle(refusal(peer, response.statusCode ?? 0));
        listen(response, reading, settle);
      });
  });
}

function send(peer: Peer, { token, traceId }: Question): ClientRequest {
  const url = new URL(`${peer.url}/requests/trace/${traceId}.otlp.jsonl`);
  const listed = peer.known === 'listed';
  const options = {
    // A connection of its own, gone with the answer.
    agent: false,
    maxHeaderSize: 8 * 1024,
    headers: {
      Accept: 'application/x-ndjson',
      'Accept-Encoding': 'identity',
      ...(listed && token !== undefined ? { Authorization: `Bearer ${token}` } : {}),
    },
  };
  // Announced peers are on the loopback interface, where a certificate proves no more than the port does.
  // Loaded by the first question: imports would cost every program at its start.
  const asking =
    url.protocol === 'https:'
      ? process.getBuiltinModule('node:https').request(url, { ...options, rejectUnauthorized: listed })
      : process.getBuiltinModule('node:http').request(url, options);
  asking.end();
  return asking;
}

function listen(response: IncomingMessage, reading: Reading, settle: (failure?: string) => void): void {
  response
    .on('data', (chunk: Buffer) => {
      const failure = reading.take(chunk);
      if (failure !== undefined) settle(failure);
    })
    .once('error', () => settle(BROKE_OFF))
    .once('end', () => settle(reading.end()));
}

/** Lines as they come; what is longer than a line may be is passed over. */
class Reading {
  private readonly reader: OtlpReader;
  private readonly allowance: Allowance;
  private bytes = 0;
  private line: Buffer[] = [];
  private lineBytes = 0;
  private longLines = 0;
  private head: Readonly<Record<string, unknown>> | undefined;

  constructor({ allowance, traceId }: Question) {
    this.allowance = allowance;
    this.reader = new OtlpReader({ room: allowance, traceId });
  }

  get result(): Pick<PeerAnswer, 'service' | 'pid' | 'spans' | 'leftOut'> {
    const { droppedSpans, pid, service } = this.head ?? {};
    const dropped = Number.isSafeInteger(droppedSpans) ? Math.max(0, droppedSpans as number) : 0;
    return {
      service: typeof service === 'string' ? cut(service, TITLE_LIMIT) : undefined,
      pid: Number.isSafeInteger(pid) ? (pid as number) : undefined,
      spans: this.reader.spans,
      leftOut: this.reader.leftOut + this.longLines + dropped,
    };
  }

  /** Answers why no more is to be read, if so. */
  take(chunk: Buffer): string | undefined {
    this.bytes += chunk.length;
    this.allowance.bytes -= chunk.length;
    if (this.bytes > ANSWER_LIMIT) return `told more than ${byteCount(ANSWER_LIMIT)}; the rest is left out`;
    if (this.allowance.bytes < 0) return TOO_MUCH;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.keep(chunk.subarray(start, end));
      const failure = this.finishLine();
      if (failure !== undefined) return failure;
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
    return undefined;
  }

  end(): string | undefined {
    if (this.lineBytes > 0) return BROKE_OFF;
    if (this.head === undefined) return NOT_SONDE;
    return this.reader.leftOut > 0 && this.allowance.spans <= 0 ? TOO_MUCH : undefined;
  }

  private keep(part: Buffer): void {
    this.lineBytes += part.length;
    if (this.lineBytes <= LINE_LIMIT) this.line.push(part);
  }

  private finishLine(): string | undefined {
    const text = this.lineBytes > LINE_LIMIT ? undefined : Buffer.concat(this.line).toString('utf8');
    this.line = [];
    this.lineBytes = 0;
    if (text === undefined) {
      this.longLines++;
      return undefined;
    }
    if (text === '') return undefined;
    const message = parse(text);
    if (typeof message !== 'object' || message === null) return NOT_SONDE;
    if (this.head === undefined) {
      const head = (message as { sonde?: unknown }).sonde;
      if (typeof head !== 'object' || head === null) return NOT_SONDE;
      this.head = head as Readonly<Record<string, unknown>>;
    }
    this.reader.read(message);
    return undefined;
  }
}

const HUNG_UP = 'did not answer: it hung up';
const BROKE_OFF = 'broke off in the middle';
const NOT_SONDE = 'answered something that is not Sonde’s';
const TOO_MUCH = 'told too much together with the others; the rest is left out';

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal({ known }: Peer, status: number): string {
  if (status >= 300 && status < 400) return `answered ${status}: it leads elsewhere, and is not followed`;
  if (status === 401 || status === 403) {
    const advice = known === 'listed' ? '; set SONDE_PEER_TOKEN to its token' : '';
    return `answered ${status}: it is closed to this process${advice}`;
  }
  if (status === 404) return 'answered 404: its pages are not there, or of an older version';
  return `answered ${status}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'it hung up',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it cannot be reached',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of its own making; name it in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of its own making; name it in NODE_EXTRA_CA_CERTS',
  EPROTO: 'it speaks no TLS',
};

function reasonOf(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ''] ?? cut(error.code ?? error.message, TITLE_LIMIT);
}
