import type { IncomingMessage } from 'node:http';
import { diag } from '@opentelemetry/api';
import type { OutgoingRequest } from '@sonde/httptrace';
import { traceClients } from './client-spans.ts';
import { traceServers } from './server-spans.ts';

/** What {@link instrumentHttp} leaves alone. A predicate that throws ignores nothing. */
export interface HttpOptions {
  /** True for a request to this process that gets no span and no context. Default: none is ignored. */
  ignoreIncoming?: (request: IncomingMessage) => boolean;
  /** True for a request of this process that gets no span and no trace headers. Default: none is ignored. */
  ignoreOutgoing?: (request: OutgoingRequest) => boolean;
}

const KEY = Symbol.for('sonde.http.v1');
const home = globalThis as typeof globalThis & { [KEY]?: boolean };

/**
 * From now on, every request to a node:http or node:https server of this process gets a SERVER span, and every
 * request made by node:http, node:https or fetch a CLIENT span with its phases as events; trace context is read
 * from and written to headers by the registered propagator. Servers and clients may be there already.
 *
 * Spans follow OpenTelemetry's stable HTTP semantic conventions; the events are named after the hooks of
 * `ClientTrace` and may change while no convention exists for them.
 *
 * Answers a function that undoes all of it. A second call changes nothing while the first is in force.
 */
export function instrumentHttp(options: HttpOptions = {}): () => void {
  if (home[KEY]) {
    diag.warn('sonde: instrumentHttp() was called twice; the first call stays in force');
    return () => {};
  }
  home[KEY] = true;
  const undo = [
    traceServers(guard(options.ignoreIncoming, 'ignoreIncoming')),
    traceClients(guard(options.ignoreOutgoing, 'ignoreOutgoing')),
  ];
  return () => {
    if (undo.length === 0) return;
    for (const restore of undo.splice(0)) restore();
    home[KEY] = false;
  };
}

function guard<Request>(
  predicate: ((request: Request) => boolean) | undefined,
  name: string,
): (request: Request) => boolean {
  if (predicate === undefined) return () => false;
  return (request) => {
    try {
      return predicate(request) === true;
    } catch (error) {
      diag.warn(`sonde: ${name} threw; the request is traced`, error);
      return false;
    }
  };
}
