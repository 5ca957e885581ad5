import { PartialSuccess, RetryableError } from './outcome.ts';
import type { SpanExporter } from './span-exporter.ts';

/** What `@opentelemetry/otlp-exporter-base` has inside an exporter, 0.2xx (2.x) and 0.3xx (3.x). */
interface Delegate {
  _transport: RetryingTransport | Transport;
  readonly _serializer: { deserializeResponse(data: Uint8Array): unknown };
}
interface RetryingTransport extends Transport {
  readonly _transport: Transport;
}
interface Transport {
  send(data: Uint8Array, timeoutMillis: number): Promise<Answer>;
  shutdown(): void;
}
type Answer =
  | { status: 'success'; data?: Uint8Array }
  | { status: 'failure'; error: Error }
  | { status: 'retryable'; error?: Error & { code?: string }; retryInMillis?: number };

/**
 * Lets OpenTelemetry's OTLP exporter say what the collector answered, and leave the retries to `ExportProcessor`. By
 * itself it tries again within its own timeout, by timers that hold the process; a Retry-After that is longer it
 * neither obeys nor hands on; and what the collector rejected it tells nobody but a logger. It offers no way to change
 * that but its private fields: where they look otherwise, it stays as it is, and answers `false`.
 */
export function speakFrankly(exporter: SpanExporter): void {
  const delegate = (exporter as { _delegate?: Delegate })._delegate;
  const outer = delegate?._transport as RetryingTransport | undefined;
  const inner = outer?._transport;
  if (delegate === undefined || typeof inner?.send !== 'function') return;
  if (typeof delegate._serializer?.deserializeResponse !== 'function') return;
  delegate._transport = {
    async send(data, timeoutMillis) {
      const answer = await inner.send(data, timeoutMillis);
      if (answer.status === 'failure') return answer;
      const error = answer.status === 'retryable' ? retryable(answer) : complaint(answer, delegate);
      return error === undefined ? answer : { status: 'failure', error };
    },
    shutdown: () => inner.shutdown(),
  };
}

function retryable({ error, retryInMillis }: Answer & { status: 'retryable' }): Error {
  const reason = error?.message || 'HTTP 429, 502, 503 or 504';
  return new RetryableError(reason, error?.code, retryInMillis);
}

/** What a collector that answers 200 may have to say against it. */
function complaint({ data }: Answer & { status: 'success' }, delegate: Delegate): Error | undefined {
  if (data === undefined || data.length === 0) return undefined;
  if (/^\s*<[!?a-z]/i.test(Buffer.from(data.subarray(0, 100)).toString('latin1'))) {
    return new Error('it answers with a page of HTML, so it is no collector');
  }
  let message: unknown;
  try {
    message = delegate._serializer.deserializeResponse(data);
  } catch {
    // Collectors answer `OK`, or JSON to protobuf: they have taken the spans all the same.
    return undefined;
  }
  const { partialSuccess } = (message ?? {}) as {
    partialSuccess?: { rejectedSpans?: unknown; errorMessage?: unknown };
  };
  const rejected = Number(partialSuccess?.rejectedSpans) || 0;
  const words = String(partialSuccess?.errorMessage ?? '');
  if (rejected <= 0 && words === '') return undefined;
  return new PartialSuccess(Math.max(rejected, 0), words || 'without a reason');
}
