import type { ClientTrace, OutgoingRequest, TraceSource } from './client-trace.ts';
import { registry } from './registry.ts';
import { reportFailure } from './report.ts';
import type { Scope } from './scope.ts';

/** The traces of a request that is being created in the running code, inner ones first; `undefined` if none. */
export function tracesFor(req: OutgoingRequest, scope: Scope | undefined): ClientTrace[] | undefined {
  const { globals } = registry();
  let traces: ClientTrace[] | undefined;
  for (let current = scope; current !== undefined; current = current.outer) {
    if (current.source !== undefined) traces = withTraceOf(current.source, req, traces);
  }
  if (globals.size > 0) for (const source of globals) traces = withTraceOf(source, req, traces);
  return traces;
}

function withTraceOf(
  source: TraceSource,
  req: OutgoingRequest,
  traces: ClientTrace[] | undefined,
): ClientTrace[] | undefined {
  const trace = typeof source === 'function' ? ask(source, req) : source;
  if (trace === undefined || trace === null) return traces;
  if (traces === undefined) return [trace];
  traces.push(trace);
  return traces;
}

function ask(
  source: (req: OutgoingRequest) => ClientTrace | undefined,
  req: OutgoingRequest,
): ClientTrace | undefined {
  try {
    return source(req);
  } catch (error) {
    reportFailure('a factory of a ClientTrace', error);
    return undefined;
  }
}
