import { type Attributes, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type {
  Conn,
  ConnectDoneInfo,
  ConnectStartInfo,
  DnsDoneInfo,
  DnsStartInfo,
  GetConnFailedInfo,
  GotConnInfo,
  OutgoingRequest,
  ProxyConnectDoneInfo,
  ProxyConnectStartInfo,
  TlsHandshakeDoneInfo,
  TraceInfo,
} from '@sonde/httptrace';
import { ClientWaitSpan } from './client-wait-span.ts';
import { connecting, handshaken, lookingUp, resolved, settleWith } from './dial-spans.ts';
import { SERVER_ADDRESS, SERVER_PORT, URL_SCHEME } from './semantic-conventions.ts';

/** The span of each connection's set-up, for every request that uses it; goes when the connection goes. */
const setups = new WeakMap<Conn, SpanContext>();

interface Phase {
  readonly name: string;
  readonly attributes: Attributes;
  readonly startTime: number;
  endTime?: number;
  err?: Error | undefined;
}

/**
 * Tells connections apart from requests, after the model that OpenTelemetry has written down for .NET: the set-up of a
 * connection is a trace of its own, `HTTP connection_setup`, with the dial's phases as children, and each request links
 * to the one of the connection that served it. A pooled connection belongs to no request alone. What a request waited
 * for one is its child `HTTP wait_for_connection`, absent where one was idle.
 */
export class ClientConnectionLinks extends ClientWaitSpan {
  private readonly phases: Phase[] = [];

  dnsStart({ time, host }: DnsStartInfo): void {
    this.begin(...lookingUp(host), time);
  }

  dnsDone({ time, addrs, err }: DnsDoneInfo): void {
    this.finish('DNS lookup ', time, err, resolved(addrs));
  }

  connectStart(info: ConnectStartInfo): void {
    this.begin(...connecting(info), info.time);
  }

  connectDone({ time, addr, err }: ConnectDoneInfo): void {
    this.finish(`socket connect ${addr}`, time, err);
  }

  tlsHandshakeStart({ time, req }: TraceInfo): void {
    this.begin(`TLS client handshake ${req.host}`, {}, time);
  }

  tlsHandshakeDone({ time, state, err }: TlsHandshakeDoneInfo): void {
    this.finish('TLS client handshake ', time, err, state === undefined ? {} : handshaken(state));
  }

  proxyConnectStart({ time, target }: ProxyConnectStartInfo): void {
    this.begin(`HTTP CONNECT ${target}`, {}, time);
  }

  proxyConnectDone({ time, err }: ProxyConnectDoneInfo): void {
    this.finish('HTTP CONNECT ', time, err);
  }

  override gotConn(info: GotConnInfo): void {
    super.gotConn(info);
    const { conn, req, reused, time } = info;
    if (!reused) setups.set(conn, this.tellSetup(req, conn.dialedAt, time));
    const setup = setups.get(conn);
    if (setup !== undefined) this.span.addLink({ context: setup });
  }

  override getConnFailed(info: GetConnFailedInfo): void {
    super.getConnFailed(info);
    const [first] = this.phases;
    if (first === undefined) return;
    this.span.addLink({ context: this.tellSetup(info.req, first.startTime, info.time, info.err) });
  }

  /** Afterwards, all at once: until it was used, nobody knew whose connection it would be. */
  private tellSetup(
    { host, port, protocol }: OutgoingRequest,
    startTime: number,
    time: number,
    err?: Error,
  ): SpanContext {
    const setup = this.tracer.startSpan(
      `HTTP connection_setup ${this.hostPort}`,
      {
        attributes: { [SERVER_ADDRESS]: host, [SERVER_PORT]: port, [URL_SCHEME]: protocol.slice(0, -1) },
        startTime,
      },
      ROOT_CONTEXT,
    );
    const context = trace.setSpan(ROOT_CONTEXT, setup);
    let endTime = startTime;
    for (const phase of this.phases) {
      const { attributes, name, startTime } = phase;
      const span = this.tracer.startSpan(name, { attributes, startTime }, context);
      settleWith(span, phase.err ?? (phase.endTime === undefined ? err : undefined), phase.endTime ?? time);
      endTime = Math.max(endTime, phase.endTime ?? time);
    }
    settleWith(setup, err, endTime);
    return setup.spanContext();
  }

  private begin(name: string, attributes: Attributes, startTime: number): void {
    this.phases.push({ name, attributes, startTime });
  }

  /** The first one of that name, or whose name begins so, that is not over. */
  private finish(name: string, endTime: number, err: Error | undefined, more: Attributes = {}): void {
    const phase = this.phases.find(
      (candidate) => candidate.endTime === undefined && candidate.name.startsWith(name),
    );
    if (phase === undefined) return;
    phase.endTime = endTime;
    phase.err = err;
    Object.assign(phase.attributes, more);
  }
}
