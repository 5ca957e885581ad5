import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Exchange } from './exchange.ts';

/** How a request ended that did not end well. */
export interface Failure {
  /** Of the headers that were sent, if they were. */
  readonly statusCode?: number;
  /** `error.type`; absent where it is no failure after all. */
  readonly type?: string;
  readonly message?: string;
}

/**
 * The connection was closed before the response was finished: the client went away, or the handler destroyed it. The
 * semantic conventions count that as a failure, whatever the status.
 */
export function connectionFailure({ response }: Exchange, { errored }: Socket): Failure {
  const statusCode = response?.headersSent ? { statusCode: response.statusCode } : {};
  if (isEventStream((response as { _header?: unknown } | undefined)?._header)) return statusCode;
  return {
    ...statusCode,
    type: errorType(errored) ?? 'ECONNRESET',
    message: 'the connection was closed before the response was finished',
  };
}

/** Server-sent events have no other end than that the client goes away. */
function isEventStream(header: unknown): boolean {
  return typeof header === 'string' && /^content-type: *text\/event-stream/im.test(header);
}

function errorType(error: (Error & { code?: unknown }) | null | undefined): string | undefined {
  // So Node's parser calls a client that goes away in the midst of its own body.
  if (!(error instanceof Error) || error.code === 'HPE_INVALID_EOF_STATE') return undefined;
  return typeof error.code === 'string' && error.code !== '' ? error.code : error.name;
}

/** RFC 9113, 7. */
const STREAM_ERRORS: Readonly<Record<number, string>> = {
  1: 'PROTOCOL_ERROR',
  2: 'INTERNAL_ERROR',
  3: 'FLOW_CONTROL_ERROR',
  4: 'SETTINGS_TIMEOUT',
  5: 'STREAM_CLOSED',
  6: 'FRAME_SIZE_ERROR',
  7: 'REFUSED_STREAM',
  8: 'CANCEL',
  9: 'COMPRESSION_ERROR',
  10: 'CONNECT_ERROR',
  11: 'ENHANCE_YOUR_CALM',
  12: 'INADEQUATE_SECURITY',
  13: 'HTTP_1_1_REQUIRED',
};

/** How a stream of HTTP/2 ended that is closed. */
export function streamFailure(stream: ServerHttp2Stream): Failure {
  const { aborted, rstCode, sentHeaders } = stream;
  const status = sentHeaders?.[':status'];
  const statusCode = typeof status === 'number' ? { statusCode: status } : {};
  if (aborted || status === undefined || STREAM_ERRORS[rstCode] !== undefined) {
    if (isEventStream(`content-type: ${String(sentHeaders?.['content-type'])}`)) return statusCode;
    return {
      ...statusCode,
      type: STREAM_ERRORS[rstCode] ?? 'ECONNRESET',
      message: 'the stream was closed before the response was finished',
    };
  }
  return typeof status === 'number' && status >= 500
    ? { statusCode: status, type: String(status) }
    : statusCode;
}
