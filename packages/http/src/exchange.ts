import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Span } from '@opentelemetry/api';

/** Under this name request, response and stream carry their exchange; two copies of this package share it. */
export const EXCHANGE: unique symbol = Symbol.for('sonde.http.exchange.v1');

/** One request that is being served, until its response is over. */
export class Exchange {
  /** In which handlers and listeners run. */
  readonly context: Context;
  /** `undefined` for a request that is ignored. */
  readonly span: Span | undefined;
  /** What the method counts for in the name of the span. */
  readonly method: string;
  /** Of node:http alone. */
  readonly request: IncomingMessage | undefined;
  readonly response: ServerResponse | undefined;
  /** What a router or the user said; it wins over what can be read off the request. */
  route: string | undefined = undefined;
  /** Koa's context, which alone knows the route. */
  koa: { readonly _matchedRoute?: unknown } | undefined = undefined;
  /** What was recorded last: several layers may tell the same. */
  exception: unknown = undefined;
  /** The next one of the same connection whose response is owed: with pipelining there are several. */
  next: Exchange | undefined = undefined;
  /** Ends it, whatever has become of it: a connection may outlive the installation that knew it first. */
  readonly owner: ExchangeOwner | undefined;

  constructor(
    context: Context,
    span: Span | undefined,
    method: string,
    owner?: ExchangeOwner,
    request?: IncomingMessage,
    response?: ServerResponse,
  ) {
    this.context = context;
    this.span = span;
    this.method = method;
    this.owner = owner;
    this.request = request;
    this.response = response;
  }
}

export interface ExchangeOwner {
  /** @param errorType of a response that failed, `error.type` of the semantic conventions */
  end(
    exchange: Exchange,
    statusCode: number | undefined,
    errorType: string | undefined,
    message?: string,
  ): void;
}

export interface Exchanging {
  [EXCHANGE]?: Exchange;
}

/** The exchange of a request, response or stream of node:http or node:http2. */
export function exchangeOf(target: object): Exchange | undefined {
  const { [EXCHANGE]: own, stream } = target as Exchanging & { stream?: Exchanging | undefined };
  return own ?? stream?.[EXCHANGE];
}
