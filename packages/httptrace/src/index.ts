/**
 * Go's `net/http/httptrace.ClientTrace` for Node.js: hooks into every phase of an outgoing HTTP request, for
 * node:http, node:https, fetch, undici and node:http2, scoped to the code that you ask about.
 *
 * ```js
 * import { withClientTrace } from '@sonde/httptrace';
 *
 * const trace = {
 *   dnsDone: ({ time, addrs }) => console.log(time, 'resolved to', addrs),
 *   gotConn: ({ time, reused }) => console.log(time, reused ? 'reused a connection' : 'has a new connection'),
 *   gotFirstResponseByte: ({ time }) => console.log(time, 'first byte'),
 * };
 * const response = await withClientTrace(trace, () => fetch('http://localhost:8080/'));
 * ```
 *
 * The other side, the requests that this process serves, has hooks too: `addGlobalServerTrace({ aborted: ({ req }) => … })`.
 *
 * It works by Node's diagnostics channels and socket events; `http` and `fetch` stay as they are, loaded before
 * or after. It knows nothing of spans: `@sonde/http` makes them from these hooks. Importing it does nothing.
 *
 * @module
 */
export type {
  BodyChunkInfo,
  ClientTrace,
  Conn,
  ConnClosedInfo,
  ConnectDoneInfo,
  ConnectStartInfo,
  DnsDoneInfo,
  DnsStartInfo,
  GetConnFailedInfo,
  GetConnInfo,
  Got1xxResponseInfo,
  GotConnInfo,
  GotResponseHeadersInfo,
  OutgoingRequest,
  ProxyConnectDoneInfo,
  ProxyConnectStartInfo,
  PutIdleConnInfo,
  RequestEndInfo,
  ResponseHeaders,
  TlsHandshakeDoneInfo,
  TraceInfo,
  TraceSource,
  WroteHeaderFieldInfo,
  WroteRequestInfo,
} from './client-trace.ts';
export { type ConnectionPool, type ConnectionPools, connectionPools } from './pools.ts';
export type {
  AbortedInfo,
  Carried,
  GotRequestBodyInfo,
  GotRequestHeadersInfo,
  IncomingRequest,
  ServerConn,
  ServerTrace,
  ServerTraceInfo,
  ServerTraceSource,
  Wrote1xxResponseInfo,
  WroteResponseHeadersInfo,
  WroteResponseInfo,
} from './server-trace.ts';
export type { TimingPhases } from './timing-phases.ts';
export { type ConnectionAttempt, type RequestTimings, timings, withTimings } from './timings.ts';
export { type WatchedClient, watchedClients } from './watched-clients.ts';
export { addGlobalClientTrace, withClientTrace } from './with-client-trace.ts';
export { addGlobalServerTrace, traceServer } from './with-server-trace.ts';
