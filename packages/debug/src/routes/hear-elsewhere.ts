import { SpanKind } from '@opentelemetry/api';
import { traceLookOf } from '../pages/address.ts';
import { calledBy } from '../peers/peer.ts';
import type { Elsewhere, Peers } from '../peers/peers.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { PageRequest } from './route.ts';
import { routeOf } from './routes.ts';
import { TRACE_ID, traceRoute } from './trace.ts';

/**
 * What other processes know of the trace that is asked for; undefined for a page that shows this process alone, since it
 * is no trace, or is told to by `peers=0`, or is the form by which processes ask each other: so no question is ever
 * handed on. Call it for those alone who may look.
 */
export async function hearElsewhere(
  { path, query }: PageRequest,
  store: RequestStore,
  peers: Peers,
): Promise<Elsewhere | undefined> {
  const { form, id = '', route } = routeOf(path) ?? {};
  const traceId = id.toLowerCase();
  if (route !== traceRoute || form === 'lines' || traceLookOf(query).alone || !TRACE_ID.test(traceId)) {
    return undefined;
  }
  return peers.hear(traceId, calledIn(traceId, store));
}

/** Whom the trace calls, as far as this process saw it. */
function calledIn(traceId: string, store: RequestStore): Set<string> {
  const called = new Set<string>();
  for (const { root, spans } of store.all()) {
    if (root.spanContext().traceId !== traceId) continue;
    for (const { attributes, kind } of [root, ...spans]) {
      const authority = calledBy(kind === SpanKind.CLIENT, attributes);
      if (authority !== undefined) called.add(authority);
    }
  }
  return called;
}
