import { registry, releaseServer } from './registry.ts';
import type { IncomingRequest, ServerTraceSource } from './server-trace.ts';
import { watchHttp2Servers } from './sources/http2-server.ts';
import { watchHttpServers } from './sources/node-http-server.ts';

/** Traces every request that this process serves, by any server. Answers a function that ends it. */
export function addGlobalServerTrace(trace: ServerTraceSource): () => void {
  return add(registry().globalServerTraces, trace);
}

/**
 * Traces the requests of one server of node:http, node:https or node:http2, those that come from now on. Its hooks are
 * called before the global ones. Answers a function that ends it.
 */
export function traceServer(server: object, trace: ServerTraceSource): () => void {
  const { serverTraces } = registry();
  let sources = serverTraces.get(server);
  if (sources === undefined) {
    sources = new Set();
    serverTraces.set(server, sources);
  }
  return add(sources, trace);
}

function add(sources: Set<ServerTraceSource>, trace: ServerTraceSource): () => void {
  // A box of its own, so that the same trace added twice is called twice and removed once.
  const source = typeof trace === 'function' ? (req: IncomingRequest) => trace(req) : () => trace;
  sources.add(source);
  acquireServer();
  return () => {
    if (sources.delete(source)) releaseServer();
  };
}

/** The first user installs the sources. */
function acquireServer(): void {
  const state = registry();
  if (state.serverUsers++ > 0) return;
  const undo = [watchHttpServers(), watchHttp2Servers()];
  state.uninstallServer = () => {
    for (const uninstall of undo) uninstall();
  };
}
