/** What came of giving a batch to an exporter. */
export type Outcome = { readonly kind: 'delivered'; readonly rejected: 0; readonly reason?: never } | Trouble;

/** What is worth a sentence. */
export type Trouble =
  | {
      /** It arrived, and the collector did not want all of it. */
      readonly kind: 'delivered';
      readonly rejected: number;
      readonly reason: string;
    }
  | {
      /** It may be sent again. */
      readonly kind: 'later';
      readonly reason: string;
      /** How long the collector asks to be left alone. */
      readonly afterMillis?: number;
      /** Nobody answers there: no use in trying again at once. */
      readonly unreachable: boolean;
    }
  | { readonly kind: 'lost'; readonly cause: 'undelivered' | 'unanswered'; readonly reason: string };

/**
 * An exporter says with this error that a batch may be sent again, and when. Any error whose `retryable` is true
 * says the same.
 */
export class RetryableError extends Error {
  readonly retryable = true;
  readonly code: string | undefined;
  readonly retryAfterMillis: number | undefined;

  constructor(reason: string, code?: string, retryAfterMillis?: number) {
    super(reason);
    this.code = code;
    this.retryAfterMillis = retryAfterMillis;
  }
}

/** The batch arrived, but the collector did not take all of it (OTLP, "Partial Success"): not to be sent again. */
export class PartialSuccess extends Error {
  readonly rejected: number;

  constructor(rejected: number, message: string) {
    super(message);
    this.rejected = rejected;
  }
}

const SUCCESS = 0;
/** OTLP/HTTP, "Retryable Response Codes". */
const RETRYABLE_STATUS: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);
/** OTLP/gRPC, "Failures"; RESOURCE_EXHAUSTED, 8, only if the server says when, which the exporter does not hand on. */
const RETRYABLE_GRPC: ReadonlySet<unknown> = new Set([1, 4, 10, 11, 14, 15]);
const NOBODY_THERE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);
const NETWORK_TROUBLE: ReadonlySet<unknown> = new Set([...NOBODY_THERE, 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
/** How OpenTelemetry's exporters say it when they have retried on their own in vain, or are busy. */
const RETRYABLE_MESSAGE =
  /^(?:Export failed with retryable status|Request timed out|Concurrent export limit reached)/;
const MAX_REASON = 200;

/** @param result whatever the exporter called back with */
export function readOutcome(result: unknown): Outcome {
  const { code, error } = fieldsOf(result);
  if (code === SUCCESS) return { kind: 'delivered', rejected: 0 };
  if (code === undefined) return lost('the exporter called back without a result');
  if (error instanceof PartialSuccess) {
    return { kind: 'delivered', rejected: error.rejected, reason: cut(error.message) };
  }
  const { code: errorCode, message, retryAfterMillis, retryable } = fieldsOf(error);
  const reason = reasonOf(errorCode, message);
  if (
    retryable !== true &&
    !RETRYABLE_STATUS.has(errorCode) &&
    !RETRYABLE_GRPC.has(errorCode) &&
    !NETWORK_TROUBLE.has(errorCode) &&
    !(typeof message === 'string' && RETRYABLE_MESSAGE.test(message))
  ) {
    return lost(reason);
  }
  return {
    kind: 'later',
    reason,
    ...(typeof retryAfterMillis === 'number' && retryAfterMillis > 0
      ? { afterMillis: retryAfterMillis }
      : {}),
    unreachable: NOBODY_THERE.has(errorCode),
  };
}

export function lost(reason: string): Outcome {
  return { kind: 'lost', cause: 'undelivered', reason: cut(reason) };
}

function reasonOf(code: unknown, message: unknown): string {
  if (typeof code === 'string' && code !== '') return cut(code);
  const said = typeof message === 'string' && message !== '' ? message : 'unknown error';
  if (typeof code !== 'number') return cut(said);
  return cut(code >= 100 ? `HTTP ${code} ${said}` : `gRPC ${code} ${said}`);
}

/** What strangers say is shown in one line. */
function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line;
}

/** Getters of strangers may throw. */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  try {
    const { code, error, message, retryAfterMillis, retryable } = value as Record<string, unknown>;
    return { code, error, message, retryAfterMillis, retryable };
  } catch {
    return {};
  }
}
