import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { GetConnFailedInfo, GetConnInfo, GotConnInfo } from '@sonde/httptrace';
import { ClientSpan } from './client-span.ts';
import { settleWith } from './dial-spans.ts';

/**
 * Of those that write spans below the request's: what it waited for a connection, as a child of its own, absent where
 * one was idle.
 */
export class ClientWaitSpan extends ClientSpan {
  protected readonly tracer: Tracer;
  protected hostPort = '';
  /** The context of the request's span. */
  private readonly context: Context;
  private askedAt = 0;

  constructor(span: Span, tracer: Tracer, context: Context) {
    super(span);
    this.tracer = tracer;
    this.context = context;
  }

  getConn({ time, hostPort }: GetConnInfo): void {
    this.askedAt = time;
    this.hostPort = hostPort;
  }

  getConnFailed({ time, err }: GetConnFailedInfo): void {
    settleWith(this.waited(), err, time);
  }

  override gotConn(info: GotConnInfo): void {
    super.gotConn(info);
    if (!info.wasIdle) this.waited().end(info.time);
  }

  protected startChild(name: string, attributes: Attributes, startTime: number): Span {
    return this.tracer.startSpan(name, { attributes, startTime }, this.context);
  }

  private waited(): Span {
    return this.startChild(`HTTP wait_for_connection ${this.hostPort}`, {}, this.askedAt);
  }
}
