import { type HrTime, SpanKind } from '@opentelemetry/api';
import { wordOf } from '../pages/text.ts';
import { type ReadableSpan, secondsBetween } from '../readable-span.ts';
import type { Request } from './request.ts';

/** What a running request waits for. */
export interface Wait {
  /** E.g. `first byte of the response from payments.local:8443`. */
  readonly what: string;
  /** For how long, in seconds. */
  readonly seconds: number;
  /** The open span that tells. */
  readonly span: ReadableSpan;
}

/** Read off the span that was started last and is still open, and off its last event. */
export function waitOf(request: Request, now: HrTime): Wait | undefined {
  if (request.root.ended) return undefined;
  const span = request.spans.findLast((candidate) => !candidate.ended) ?? request.root;
  const last = span.events.at(-1);
  return {
    what: describe(span, last?.name),
    seconds: Math.max(0, secondsBetween(last?.time ?? span.startTime, now)),
    span,
  };
}

function describe(span: ReadableSpan, lastEvent: string | undefined): string {
  const phase =
    span.kind === SpanKind.CLIENT && lastEvent !== undefined ? CLIENT_PHASES[lastEvent] : undefined;
  if (phase !== undefined) return `${phase} ${peerOf(span)}`;
  if (span.kind === SpanKind.SERVER) return 'its own code; no span is open';
  return span.name;
}

/** What follows each hook of `ClientTrace`, until the next one is called. */
const CLIENT_PHASES: Readonly<Record<string, string>> = {
  getConn: 'a connection to',
  dnsStart: 'the address of',
  dnsDone: 'a connection to',
  connectStart: 'a TCP connection to',
  connectDone: 'a connection to',
  tlsHandshakeStart: 'the TLS handshake with',
  tlsHandshakeDone: 'a connection to',
  gotConn: 'the request to be written to',
  wroteRequest: 'the first byte of the response from',
  gotFirstResponseByte: 'the rest of the response from',
};

function peerOf({ attributes }: ReadableSpan): string {
  const host = attributes['server.address'];
  const port = attributes['server.port'];
  return port === undefined ? wordOf(host) : `${wordOf(host)}:${wordOf(port)}`;
}
