import { Breaths } from './breaths.ts';
import { PartialSuccess, RetryableError } from './outcome.ts';
import type { ExportResult, SpanExporter } from './span-exporter.ts';
import type { Office } from './spill.ts';

/** What `@opentelemetry/otlp-exporter-base` has inside an exporter, 0.2xx (2.x) and 0.3xx (3.x). */
interface Delegate {
  readonly _transport: { readonly _transport?: Transport };
  readonly _serializer: Serializer;
  readonly _timeout: number;
}
interface Transport {
  send(data: Uint8Array, timeoutMillis: number): Promise<Answer>;
}
interface Serializer {
  serializeRequest(spans: readonly unknown[]): Uint8Array | undefined;
  deserializeResponse(data: Uint8Array): unknown;
}
type Answer =
  | { status: 'success'; data?: Uint8Array }
  | { status: 'failure'; error: Error }
  | { status: 'retryable'; error?: Error & { code?: string }; retryInMillis?: number };

/**
 * OpenTelemetry's OTLP exporter as one that says what the collector answered, leaves the retries to `ExportProcessor`,
 * and holds the event loop for a quarter of the time. By itself it tries again within its own timeout, by timers that
 * hold the process; a Retry-After that is longer it neither obeys nor hands on; what the collector rejected it tells
 * nobody but a logger. It offers no way to change that but its private parts, which are used as they are: serializer and
 * transport, without the retries around it. Any other exporter, and one whose parts look otherwise, is its own.
 */
export function frank(exporter: SpanExporter): SpanExporter {
  const delegate = (exporter as { _delegate?: Delegate })._delegate;
  const transport = delegate?._transport?._transport;
  const known =
    typeof transport?.send === 'function' &&
    typeof delegate?._serializer?.serializeRequest === 'function' &&
    typeof delegate._serializer.deserializeResponse === 'function' &&
    typeof delegate._timeout === 'number';
  return known ? new FrankExporter(exporter, delegate, transport) : exporter;
}

/** Whether its parts are known, so that bodies can be written and sent by themselves. */
export function isOffice(exporter: object): exporter is Office {
  return exporter instanceof FrankExporter;
}

class FrankExporter implements SpanExporter, Office {
  private readonly official: SpanExporter;
  private readonly delegate: Delegate;
  private readonly transport: Transport;
  private readonly breaths = new Breaths();
  /** One batch after the other, so that no turn of the event loop has parts of two. */
  private serialized: Promise<unknown> = Promise.resolve();

  constructor(official: SpanExporter, delegate: Delegate, transport: Transport) {
    this.official = official;
    this.delegate = delegate;
    this.transport = transport;
  }

  export(spans: readonly unknown[], done: (result: ExportResult) => void): void {
    this.serialize(spans)
      .then((body) => this.sendBody(body))
      .then(done, (error) => done({ code: 1, error }));
  }

  async forceFlush(): Promise<void> {
    await this.official.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.official.shutdown();
  }

  serialize(spans: readonly unknown[]): Promise<Uint8Array> {
    const body = this.serialized.then(() => serializeInParts(this.delegate._serializer, spans, this.breaths));
    this.serialized = body.catch(() => {});
    return body;
  }

  async sendBody(body: Uint8Array): Promise<ExportResult> {
    const answer = await this.transport.send(body, this.delegate._timeout);
    const error = complaint(answer, this.delegate._serializer);
    return error === undefined ? { code: 0 } : { code: 1, error };
  }
}

/** Some 0.3 ms of work. */
const SPANS_PER_PART = 128;

/** One request, made of parts with breaths between: there is no more to send, and nobody waits for long. */
async function serializeInParts(
  serializer: Serializer,
  spans: readonly unknown[],
  breaths: Breaths,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < spans.length; from += SPANS_PER_PART) {
    await breaths.next();
    const part = serializer.serializeRequest(spans.slice(from, from + SPANS_PER_PART));
    if (part !== undefined && part !== null) parts.push(part);
  }
  if (parts.length === 0) throw new Error('there is nothing to send');
  return joined(parts) ?? serializer.serializeRequest(spans) ?? new Uint8Array();
}

const JSON_START = Buffer.from('{"resourceSpans":[');
const JSON_END = Buffer.from(']}');
const COMMA = Buffer.from(',');

/** Protobuf messages, one after the other, are one with the lists of all (Protocol Buffers, "Encoding", merging). */
function joined([first, ...more]: readonly Uint8Array[]): Uint8Array | undefined {
  if (first === undefined || more.length === 0) return first;
  const all = [first, ...more].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
  if (first[0] !== JSON_START[0]) return Buffer.concat(all);
  const lists = all.flatMap((part, index) => {
    const isList = part.indexOf(JSON_START) === 0 && part.subarray(-JSON_END.length).equals(JSON_END);
    const list = part.subarray(JSON_START.length, -JSON_END.length);
    if (!isList) return [];
    return index === 0 ? [list] : [COMMA, list];
  });
  return lists.length < 2 * all.length - 1 ? undefined : Buffer.concat([JSON_START, ...lists, JSON_END]);
}

function complaint(answer: Answer, serializer: Serializer): Error | undefined {
  if (answer.status === 'success') return complaintOf(answer.data, serializer);
  if (answer.status === 'failure') return answer.error;
  const { error, retryInMillis } = answer;
  return new RetryableError(error?.message || 'HTTP 429, 502, 503 or 504', error?.code, retryInMillis);
}

/** What a collector that answers 200 may have to say against it. */
function complaintOf(data: Uint8Array | undefined, serializer: Serializer): Error | undefined {
  if (data === undefined || data.length === 0) return undefined;
  if (/^\s*<[!?a-z]/i.test(Buffer.from(data.subarray(0, 100)).toString('latin1'))) {
    return new Error('it answers with a page of HTML, so it is no collector');
  }
  let message: unknown;
  try {
    message = serializer.deserializeResponse(data);
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
