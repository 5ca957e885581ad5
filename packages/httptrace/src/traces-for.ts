import type { ClientTrace, OutgoingRequest, TraceSource } from './client-trace.ts';
import { registry } from './registry.ts';
import { reportFailure } from './report.ts';
import type { Scope } from './scope.ts';

/** The traces of a request that is being created in the running code, inner ones first; `undefined` if none. */
export function tracesFor(req: OutgoingRequest, scope: Scope | undefined): ClientTrace[] | undefined {
  let traces: ClientTrace[] | undefined;
  const add = (source: TraceSource | undefined): void => {
    const trace = typeof source === 'function' ? ask(source, req) : source;
    if (trace === undefined || trace === null) return;
    if (traces === undefined) traces = [trace];
    else traces.push(trace);
  };
  for (let current = scope; current !== undefined; current = current.outer) add(current.source);
  for (const source of registry().globals) add(source);
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
