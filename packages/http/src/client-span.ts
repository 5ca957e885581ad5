import { type Span, SpanStatusCode } from '@opentelemetry/api';
import type { ClientTrace, GotConnInfo, GotResponseHeadersInfo, RequestEndInfo } from '@sonde/httptrace';
import {
  ERROR_TYPE,
  HTTP_RESPONSE_STATUS_CODE,
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  NETWORK_PROTOCOL_VERSION,
} from './semantic-conventions.ts';

/**
 * What became of one request, written into its span: where it went, what it was answered, how it ended. A class and
 * not an object of closures: one is made for each request. Those that write phases too extend it.
 */
export class ClientSpan implements ClientTrace {
  protected readonly span: Span;

  constructor(span: Span) {
    this.span = span;
  }

  gotConn({ remoteAddress, remotePort }: GotConnInfo): void {
    if (remoteAddress !== undefined) this.span.setAttribute(NETWORK_PEER_ADDRESS, remoteAddress);
    if (remotePort !== undefined) this.span.setAttribute(NETWORK_PEER_PORT, remotePort);
  }

  /** A client's request failed when the answer says so: 4xx and 5xx (semantic conventions, HTTP spans, "Status"). */
  gotResponseHeaders({ httpVersion, statusCode }: GotResponseHeadersInfo): void {
    this.span.setAttribute(HTTP_RESPONSE_STATUS_CODE, statusCode);
    if (httpVersion !== undefined) this.span.setAttribute(NETWORK_PROTOCOL_VERSION, httpVersion);
    if (statusCode >= 400) {
      this.span.setAttribute(ERROR_TYPE, String(statusCode));
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }

  requestEnd({ time, err }: RequestEndInfo): void {
    if (err === undefined) {
      // The usual way.
    } else if (isCancellation(err)) {
      // On purpose, so it is no error (semantic conventions, HTTP client span); the event tells it all the same.
      this.span.addEvent('cancelled', {}, time);
    } else {
      const type = errorType(err);
      this.span.setAttribute(ERROR_TYPE, type);
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: err.message || type });
    }
    this.span.end(time);
  }
}

/** The caller's abort: `AbortError` in node:http, fetch and undici. A time-out is another's: `TimeoutError`. */
export function isCancellation(err: Error): boolean {
  return err.name === 'AbortError';
}

/** Happy Eyeballs fails with an AggregateError whose own code is the last attempt's. */
export function errorType(err: Error & { code?: unknown }): string {
  return typeof err.code === 'string' && err.code !== '' ? err.code : err.name;
}

/** As attributes of an event or a span; nothing where nothing failed. */
export function failure(err: Error | undefined): Record<string, string> {
  return err === undefined ? {} : { [ERROR_TYPE]: errorType(err) };
}
