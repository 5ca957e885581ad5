/**
 * Go's `/debug/requests` and `/debug/events` for Node.js: every request of the process by family and latency, those
 * still running with what they wait for, each as a waterfall of its spans; and the logs of what lives long. From inside
 * the process, as pages, JSON and text.
 *
 * ```js
 * import { createServer } from 'node:http';
 * import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'; // or TracerProvider of @sonde/core
 * import { debugHandler, newTrace, RequestsProcessor } from '@sonde/debug';
 *
 * new BasicTracerProvider({ spanProcessors: [new RequestsProcessor()] }); // and register it with the api
 * const debug = debugHandler();
 * createServer((request, response) => {
 *   if (debug(request, response)) return; // http://localhost:8080/debug/requests
 *   const trace = newTrace('mypkg.Hello', request.url); // by hand, what no span tells
 *   trace.lazyPrintf('from %s', request.socket.remoteAddress);
 *   response.end('hello');
 *   trace.finish();
 * }).listen(8080);
 * ```
 *
 * Spans come in through `RequestsProcessor`, a structural `SpanProcessor`, and stop in a bounded store; the pages
 * read it when somebody looks. It makes no spans and exports none. Pages are open to the local machine alone.
 * Importing it does nothing.
 *
 * @module
 */
export type { Access, AccessOptions } from './access.ts';
export { type DebugFetch, debugFetch, type FetchInfo } from './debug-fetch.ts';
export { type DebugHandler, debugHandler } from './debug-handler.ts';
export { type Download, readDownload } from './download/read-download.ts';
export type { EventLog } from './event-log.ts';
export type { EventDrops } from './events/event-logs.ts';
export { captureLogLines, type LogSources } from './logs/log-lines.ts';
export { fromContext, newContext, newEventLog, newTrace } from './new-trace.ts';
export type { DebugOptions } from './page-server.ts';
export { type PageTarget, pageMatcher } from './page-target.ts';
export { announcePages } from './peers/announcements.ts';
export { type Peer, parsePeers } from './peers/peer.ts';
export type { PeerOptions } from './peers/peers.ts';
export { type Drops, RequestStore, type RequestStoreOptions } from './requests/request-store.ts';
export {
  type FirstSpan,
  RequestsProcessor,
  type RequestsProcessorOptions,
} from './requests/requests-processor.ts';
export { contentBytes } from './requests/span-bytes.ts';
export { blindApiCopies } from './self/api-copies.ts';
export type {
  EnvironmentFact,
  ExportFacts,
  InstrumentationFact,
  MetricFact,
  SelfFacts,
  TailFacts,
} from './self/self-facts.ts';
export type { Trace } from './trace.ts';
export { type TraceLinkOptions, traceLink } from './trace-link.ts';
export type {
  EventFamilyView,
  EventListView,
  EventLogView,
  EventsView,
} from './view/events-view.ts';
export type { HistogramRow, HistogramView } from './view/histogram-view.ts';
export type { LineView } from './view/lines-view.ts';
export type { PeerNote, PeerView } from './view/peers-view.ts';
export type {
  BucketListView,
  BucketView,
  FamilyView,
  LatencySummary,
  RequestsView,
} from './view/requests-view.ts';
export type { Held, HeldView, SelfView } from './view/self-view.ts';
export type { RequestSummary } from './view/summary.ts';
export type { EventView, SpanView, TraceProcess, TraceView } from './view/trace-view.ts';
