import {
  type Attributes,
  type Context,
  context,
  diag,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { addGlobalClientTrace, type ClientTrace, type OutgoingRequest } from '@sonde/httptrace';
import { ClientConnectionLinks } from './client-connection-links.ts';
import { ClientPhaseEvents } from './client-phase-events.ts';
import { ClientPhaseSpans } from './client-phase-spans.ts';
import { targetOf } from './client-target.ts';
import { RequestContext } from './request-context.ts';
import type { MethodDescription } from './semantic-conventions.ts';

/** How the phases of a request are told: as events of its span, as children, or by a link to its connection's trace. */
export const CLIENT_PHASES = ['events', 'spans', 'links'] as const;
export type ClientPhases = (typeof CLIENT_PHASES)[number];

/** Writes one request into its span. */
const writers: Record<ClientPhases, new (span: Span, tracer: Tracer, context: Context) => ClientTrace> = {
  events: ClientPhaseEvents,
  spans: ClientPhaseSpans,
  links: ClientConnectionLinks,
};

const setter = {
  set(request: OutgoingRequest, name: string, value: string): void {
    request.setHeader(name, value);
  },
};

/** Makes a CLIENT span of every outgoing request that `ignore` lets pass; answers the undo. */
export function traceClients(
  ignore: (request: OutgoingRequest) => boolean,
  describeMethod: (method: string) => MethodDescription,
  phases: ClientPhases,
): () => void {
  const tracer = trace.getTracer('@sonde/http');
  const Writer = writers[phases];
  return addGlobalClientTrace((request) => {
    if (ignore(request)) return undefined;
    const parent = context.active();
    const method = describeMethod(request.method);
    const attributes = requestAttributes(request, method);
    const span = tracer.startSpan(method.spanName, { kind: SpanKind.CLIENT, attributes }, parent);
    // Suppressed (an exporter's own request) or no provider and no trace: there is nothing to hand on.
    if (!isSpanContextValid(span.spanContext())) return undefined;
    const active = new RequestContext(parent, span);
    try {
      propagation.inject(active, request, setter);
    } catch (error) {
      diag.warn(
        'sonde: the trace headers of an outgoing request could not be set; it goes without them',
        error,
      );
    }
    return span.isRecording() ? new Writer(span, tracer, active) : undefined;
  });
}

/** The keys stand here as literals: an object made with constants for keys costs three times as much. */
function requestAttributes(request: OutgoingRequest, { method, original }: MethodDescription): Attributes {
  const { host, port, url } = targetOf(request);
  const attributes: Attributes = {
    'http.request.method': method,
    'server.address': host,
    'server.port': port,
    'url.full': url,
  };
  if (original !== undefined) attributes['http.request.method_original'] = original;
  if (request.attempt > 1) attributes['http.request.resend_count'] = request.attempt - 1;
  return attributes;
}
