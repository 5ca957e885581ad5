import {
  context,
  diag,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import {
  addGlobalClientTrace,
  type ClientTrace,
  type ConnectDoneInfo,
  type ConnectStartInfo,
  type DnsDoneInfo,
  type DnsStartInfo,
  type GetConnInfo,
  type GotConnInfo,
  type GotResponseHeadersInfo,
  type OutgoingRequest,
  type RequestEndInfo,
  type TlsHandshakeDoneInfo,
  type TraceInfo,
} from '@sonde/httptrace';
import { parseTarget } from './redact.ts';
import {
  describeMethod,
  ERROR_TYPE,
  HTTP_RESPONSE_STATUS_CODE,
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  NETWORK_PROTOCOL_VERSION,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from './semantic-conventions.ts';

const setter = {
  set(request: OutgoingRequest, name: string, value: string): void {
    request.setHeader(name, value);
  },
};

/** Makes a CLIENT span of every outgoing request that `ignore` lets pass; answers the undo. */
export function traceClients(ignore: (request: OutgoingRequest) => boolean): () => void {
  const tracer = trace.getTracer('@sonde/http');
  return addGlobalClientTrace((request) => {
    if (ignore(request)) return undefined;
    const parent = context.active();
    const { spanName, attributes } = describeMethod(request.method);
    const span = tracer.startSpan(
      spanName,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...attributes,
          [SERVER_ADDRESS]: request.host,
          [SERVER_PORT]: request.port,
          [URL_FULL]: fullUrl(request),
        },
      },
      parent,
    );
    // Suppressed (an exporter's own request) or no provider and no trace: there is nothing to hand on.
    if (!isSpanContextValid(span.spanContext())) return undefined;
    try {
      propagation.inject(trace.setSpan(parent, span), request, setter);
    } catch (error) {
      diag.warn(
        'sonde: the trace headers of an outgoing request could not be set; it goes without them',
        error,
      );
    }
    return span.isRecording() ? new ClientSpan(span) : undefined;
  });
}

function fullUrl({ host, path, port, protocol }: OutgoingRequest): string {
  const target = parseTarget(path);
  const name = host.includes(':') ? `[${host}]` : host;
  const shownPort = port === (protocol === 'https:' ? 443 : 80) ? '' : `:${port}`;
  return `${protocol}//${name}${shownPort}${target.path}${target.query === '' ? '' : `?${target.query}`}`;
}

/**
 * Writes one request's phases into its span, as events named after the hooks. A class and not an object of
 * closures: one is made for each request.
 */
class ClientSpan implements ClientTrace {
  private readonly span: Span;

  constructor(span: Span) {
    this.span = span;
  }

  getConn({ time, hostPort }: GetConnInfo): void {
    this.span.addEvent('getConn', { hostPort }, time);
  }

  dnsStart({ time, host }: DnsStartInfo): void {
    this.span.addEvent('dnsStart', { host }, time);
  }

  dnsDone({ time, addrs, err }: DnsDoneInfo): void {
    this.span.addEvent('dnsDone', { addrs: [...addrs], ...failure(err) }, time);
  }

  connectStart({ time, network, addr }: ConnectStartInfo): void {
    this.span.addEvent('connectStart', { network, addr }, time);
  }

  connectDone({ time, network, addr, err }: ConnectDoneInfo): void {
    this.span.addEvent('connectDone', { network, addr, ...failure(err) }, time);
  }

  tlsHandshakeStart({ time }: TraceInfo): void {
    this.span.addEvent('tlsHandshakeStart', {}, time);
  }

  tlsHandshakeDone({ time, state, err }: TlsHandshakeDoneInfo): void {
    this.span.addEvent('tlsHandshakeDone', { ...state, ...failure(err) }, time);
  }

  gotConn({ time, reused, wasIdle, idleTimeMs, remoteAddress, remotePort }: GotConnInfo): void {
    this.span.addEvent(
      'gotConn',
      { reused, wasIdle, idleTimeMs: Math.round(idleTimeMs * 1000) / 1000 },
      time,
    );
    if (remoteAddress !== undefined) this.span.setAttribute(NETWORK_PEER_ADDRESS, remoteAddress);
    if (remotePort !== undefined) this.span.setAttribute(NETWORK_PEER_PORT, remotePort);
  }

  wroteRequest({ time }: TraceInfo): void {
    this.span.addEvent('wroteRequest', {}, time);
  }

  gotFirstResponseByte({ time, approximate }: TraceInfo): void {
    this.span.addEvent('gotFirstResponseByte', approximate ? { approximate } : {}, time);
  }

  /** A client's request failed when the answer says so: 4xx and 5xx (semantic conventions, HTTP client span). */
  gotResponseHeaders({ httpVersion, statusCode }: GotResponseHeadersInfo): void {
    this.span.setAttribute(HTTP_RESPONSE_STATUS_CODE, statusCode);
    if (httpVersion !== undefined) this.span.setAttribute(NETWORK_PROTOCOL_VERSION, httpVersion);
    if (statusCode >= 400) {
      this.span.setAttribute(ERROR_TYPE, String(statusCode));
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }

  requestEnd({ time, err }: RequestEndInfo): void {
    if (err !== undefined) {
      const code = errorType(err);
      this.span.setAttribute(ERROR_TYPE, code);
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: err.message || code });
    }
    this.span.end(time);
  }
}

function failure(err: Error | undefined): Record<string, string> {
  return err === undefined ? {} : { [ERROR_TYPE]: errorType(err) };
}

/** Happy Eyeballs fails with an AggregateError whose own code is the last attempt's. */
function errorType(err: Error & { code?: unknown }): string {
  return typeof err.code === 'string' && err.code !== '' ? err.code : err.name;
}
