import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';
import { type Span, TraceFlags, trace } from '@opentelemetry/api';
import { type AccessOptions, accessRule } from './access.ts';
import { visitorOf } from './debug-handler.ts';
import { mountPoint } from './page-target.ts';
import { beforeHead } from './response-head.ts';

/** Who is told, and where the pages are. */
export interface TraceLinkOptions extends AccessOptions {
  /** The mount point of the pages. Default `/debug`. */
  path?: string;
  /**
   * The server of the pages, where it is another: `http://localhost:9090`; `undefined` while there is none. Asked for each
   * response. Default: the same.
   */
  origin?: () => string | undefined;
}

/**
 * Tells whoever may look at the pages which trace a request has, in two headers of its response: `Server-Timing:
 * traceparent;desc="00-…"`, which a browser shows beside the request and gives to the page's own scripts, and `X-Trace-Link`,
 * the page of the trace. For everybody else nothing is done.
 *
 * Call it before the application answers and while the request's span is active: a listener of `node:http` or `node:http2`,
 * or a middleware of Connect and Express. What the application says in these headers stays: a `Server-Timing` of its own
 * comes first, and an `X-Trace-Link` of its own stands alone.
 */
export function traceLink(
  options: TraceLinkOptions = {},
): (request: IncomingMessage, response: ServerResponse, next?: () => void) => void {
  const mayLook = accessRule(options);
  const origin = options.origin ?? (() => '');
  const page = `${mountPoint(options.path)}/requests/trace/`;
  return (request, response, next) => {
    const span = trace.getActiveSpan();
    if (span?.isRecording() && typeof mayLook(visitorOf(request)) !== 'string') {
      beforeHead(response, HEADERS, (header, said) => {
        if (header === TIMING) return withTraceparent(span, said);
        const server = origin();
        if (said !== undefined || server === undefined) return undefined;
        return `${server}${page}${span.spanContext().traceId}`;
      });
    }
    next?.();
  };
}

const TIMING = 'server-timing';
const HEADERS = [TIMING, 'x-trace-link'];

function withTraceparent(span: Span, said: OutgoingHttpHeader | undefined): string {
  const { spanId, traceFlags, traceId } = span.spanContext();
  // No other flag: scripts that read this in a browser look for these two, letter by letter.
  const sampled = (traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01';
  const own = `traceparent;desc="00-${traceId}-${spanId}-${sampled}"`;
  // One list, be it in one header or in several (RFC 9110, 5.3).
  return said === undefined ? own : [said, own].flat().join(', ');
}
