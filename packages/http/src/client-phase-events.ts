import type {
  ConnectDoneInfo,
  ConnectStartInfo,
  DnsDoneInfo,
  DnsStartInfo,
  GetConnInfo,
  Got1xxResponseInfo,
  GotConnInfo,
  ProxyConnectDoneInfo,
  ProxyConnectStartInfo,
  TlsHandshakeDoneInfo,
  TraceInfo,
} from '@sonde/httptrace';
import { ClientSpan, failure } from './client-span.ts';

/** Writes a request's phases into its span as events, named after the hooks. */
export class ClientPhaseEvents extends ClientSpan {
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

  proxyConnectStart({ time, target }: ProxyConnectStartInfo): void {
    this.span.addEvent('proxyConnectStart', { target }, time);
  }

  proxyConnectDone({ time, target, statusCode, err }: ProxyConnectDoneInfo): void {
    const status = statusCode === undefined ? {} : { statusCode };
    this.span.addEvent('proxyConnectDone', { target, ...status, ...failure(err) }, time);
  }

  override gotConn(info: GotConnInfo): void {
    const { time, reused, wasIdle, idleTimeMs } = info;
    this.span.addEvent(
      'gotConn',
      { reused, wasIdle, idleTimeMs: Math.round(idleTimeMs * 1000) / 1000 },
      time,
    );
    super.gotConn(info);
  }

  wait100Continue({ time }: TraceInfo): void {
    this.span.addEvent('wait100Continue', {}, time);
  }

  got1xxResponse({ time, statusCode }: Got1xxResponseInfo): void {
    this.span.addEvent('got1xxResponse', { statusCode }, time);
  }

  wroteRequest({ time }: TraceInfo): void {
    this.span.addEvent('wroteRequest', {}, time);
  }

  gotFirstResponseByte({ time, approximate }: TraceInfo): void {
    this.span.addEvent('gotFirstResponseByte', approximate ? { approximate } : {}, time);
  }
}
