import type { Span } from '@opentelemetry/api';
import type {
  ConnectDoneInfo,
  ConnectStartInfo,
  DnsDoneInfo,
  DnsStartInfo,
  GotConnInfo,
  ProxyConnectDoneInfo,
  ProxyConnectStartInfo,
  RequestEndInfo,
  TlsHandshakeDoneInfo,
  TraceInfo,
  WroteRequestInfo,
} from '@sonde/httptrace';
import { ClientWaitSpan } from './client-wait-span.ts';
import { connecting, handshaken, lookingUp, resolved, settleWith } from './dial-spans.ts';

/**
 * Writes a request's phases as children of its span. The dial's are named after the model that OpenTelemetry has
 * written down for .NET, "HTTP wait_for_connection" among them, which is there only where no connection was idle;
 * `HTTP send`, `HTTP wait` and `HTTP receive` are ours. A phase that was running when the request failed ends with it.
 */
export class ClientPhaseSpans extends ClientWaitSpan {
  private lookup: Span | undefined;
  private handshake: Span | undefined;
  private tunnel: Span | undefined;
  /** Of the exchange: send, wait or receive. */
  private current: Span | undefined;
  private receiving = false;
  /** By address: Happy Eyeballs tries several at once. */
  private attempts: Map<string, Span> | undefined;

  dnsStart({ time, host }: DnsStartInfo): void {
    this.lookup = this.startChild(...lookingUp(host), time);
  }

  dnsDone({ time, addrs, err }: DnsDoneInfo): void {
    this.lookup?.setAttributes(resolved(addrs));
    settleWith(this.lookup, err, time);
  }

  connectStart(info: ConnectStartInfo): void {
    this.attempts ??= new Map();
    this.attempts.set(info.addr, this.startChild(...connecting(info), info.time));
  }

  connectDone({ time, addr, err }: ConnectDoneInfo): void {
    settleWith(this.attempts?.get(addr), err, time);
    this.attempts?.delete(addr);
  }

  tlsHandshakeStart({ time, req }: TraceInfo): void {
    this.handshake = this.startChild(`TLS client handshake ${req.host}`, {}, time);
  }

  tlsHandshakeDone({ time, state, err }: TlsHandshakeDoneInfo): void {
    if (state !== undefined) this.handshake?.setAttributes(handshaken(state));
    settleWith(this.handshake, err, time);
  }

  proxyConnectStart({ time, target }: ProxyConnectStartInfo): void {
    this.tunnel = this.startChild(`HTTP CONNECT ${target}`, {}, time);
  }

  proxyConnectDone({ time, err }: ProxyConnectDoneInfo): void {
    settleWith(this.tunnel, err, time);
  }

  override gotConn(info: GotConnInfo): void {
    super.gotConn(info);
    this.current = this.startChild('HTTP send', {}, info.time);
  }

  wroteRequest({ time, err }: WroteRequestInfo): void {
    // An answer may begin before the request is written: then the wait is over already.
    if (this.receiving) return;
    settleWith(this.current, err, time);
    this.current = this.startChild('HTTP wait', {}, time);
  }

  gotFirstResponseByte({ time }: TraceInfo): void {
    this.current?.end(time);
    this.receiving = true;
    this.current = this.startChild('HTTP receive', {}, time);
  }

  override requestEnd(info: RequestEndInfo): void {
    const { time, err } = info;
    for (const open of [this.lookup, this.handshake, this.tunnel, ...(this.attempts?.values() ?? [])]) {
      if (open?.isRecording()) settleWith(open, err, time);
    }
    settleWith(this.current, err, time);
    super.requestEnd(info);
  }
}
