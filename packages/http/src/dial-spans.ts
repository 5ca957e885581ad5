import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { ConnectStartInfo, TlsHandshakeDoneInfo } from '@sonde/httptrace';
import { errorType, isCancellation } from './client-span.ts';
import {
  DNS_ANSWERS,
  DNS_QUESTION_NAME,
  ERROR_TYPE,
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  NETWORK_TRANSPORT,
  NETWORK_TYPE,
  TLS_CIPHER,
  TLS_NEXT_PROTOCOL,
  TLS_PROTOCOL_NAME,
  TLS_PROTOCOL_VERSION,
  TLS_RESUMED,
} from './semantic-conventions.ts';

/**
 * What the phases of a dial are called as spans, and what they tell.
 *
 * Source: OpenTelemetry semantic conventions, "network spans emitted by .NET" (in development), the only model there is.
 */
export function lookingUp(host: string): [name: string, attributes: Attributes] {
  return [`DNS lookup ${host}`, { [DNS_QUESTION_NAME]: host }];
}

export function resolved(addrs: readonly string[]): Attributes {
  return addrs.length === 0 ? {} : { [DNS_ANSWERS]: [...addrs] };
}

export function connecting({ addr, network }: ConnectStartInfo): [name: string, attributes: Attributes] {
  if (network === 'unix') {
    return [`socket connect ${addr}`, { [NETWORK_PEER_ADDRESS]: addr, [NETWORK_TRANSPORT]: 'unix' }];
  }
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(addr) ?? [];
  return [
    `socket connect ${addr}`,
    {
      [NETWORK_PEER_ADDRESS]: bracketed ?? plain ?? addr,
      ...(port === undefined ? {} : { [NETWORK_PEER_PORT]: Number(port) }),
      [NETWORK_TRANSPORT]: 'tcp',
      [NETWORK_TYPE]: bracketed === undefined ? 'ipv4' : 'ipv6',
    },
  ];
}

export function handshaken(state: NonNullable<TlsHandshakeDoneInfo['state']>): Attributes {
  const [, name = '', version = ''] = /^(TLS|SSL)v?(.*)$/.exec(state.version) ?? [];
  return {
    [TLS_PROTOCOL_NAME]: name.toLowerCase(),
    [TLS_PROTOCOL_VERSION]: version,
    [TLS_CIPHER]: state.cipherSuite,
    [TLS_RESUMED]: state.didResume,
    ...(state.negotiatedProtocol === '' ? {} : { [TLS_NEXT_PROTOCOL]: state.negotiatedProtocol }),
  };
}

/** Ends a phase, as failed if it did. */
export function settleWith(span: Span | undefined, err: Error | undefined, time: number): void {
  if (span === undefined) return;
  if (err !== undefined && !isCancellation(err)) {
    const type = errorType(err);
    span.setAttribute(ERROR_TYPE, type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: err.message || type });
  }
  span.end(time);
}
