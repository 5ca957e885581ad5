import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
// The schema as OpenTelemetry compiled it, of a version that still shipped it: an oracle that is not ours.
import * as root from 'otlp-schema/build/src/generated/root.js';

/** A span as OTLP carries it, ids as hex and times as decimal strings whatever the encoding was. */
export interface ReceivedSpan {
  readonly service: string;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly flags: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly timeUnixNano: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly dropped: readonly [attributes: number, events: number, links: number];
}

/** An OTLP/HTTP receiver on the loopback interface that decodes what it is sent, JSON and protobuf, for real. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  /** Content types of the requests, in their order. */
  readonly contentTypes: string[] = [];
  /** All their headers, of those that were refused too. */
  readonly headers: IncomingHttpHeaders[] = [];
  /** What was wrong with requests that could not be decoded. */
  readonly problems: string[] = [];
  private readonly server: Server;
  private readonly waiting: { enough: (spans: readonly ReceivedSpan[]) => boolean; tell: () => void }[] = [];

  private constructor(tls: ServerOptions | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.receive(request).then(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
        (error: unknown) => {
          this.problems.push(String(error));
          response.writeHead(400).end(String(error));
        },
      );
    };
    this.server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  }

  /** @param tls with certificate and key, if it speaks HTTPS */
  static async start(tls?: ServerOptions): Promise<Collector> {
    const collector = new Collector(tls);
    await new Promise<void>((resolve) => collector.server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  /** The base URL, as OTEL_EXPORTER_OTLP_ENDPOINT wants it. */
  get url(): string {
    const scheme = 'setSecureContext' in this.server ? 'https' : 'http';
    return `${scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves once the spans received so far are enough. */
  until(enough: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]> {
    return new Promise((resolve) => {
      if (enough(this.spans)) resolve(this.spans);
      else this.waiting.push({ enough, tell: () => resolve(this.spans) });
    });
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async receive(request: IncomingMessage): Promise<void> {
    this.headers.push(request.headers);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks);
    if (request.url !== '/v1/traces') throw new Error(`path is ${request.url}, expected /v1/traces`);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const type = request.headers['content-type'] ?? '';
    this.contentTypes.push(type);
    this.spans.push(...decode(type, body));
    for (const waiter of this.waiting.splice(0)) {
      if (waiter.enough(this.spans)) waiter.tell();
      else this.waiting.push(waiter);
    }
  }
}

function decode(type: string, body: Buffer): ReceivedSpan[] {
  if (type.startsWith('application/x-protobuf')) {
    const message = ExportTraceServiceRequest.decode(body);
    return flatten(ExportTraceServiceRequest.toObject(message, { longs: String, bytes: Buffer }), (bytes) =>
      Buffer.from(bytes as Buffer).toString('hex'),
    );
  }
  if (type.startsWith('application/json')) return flatten(JSON.parse(body.toString()), String);
  throw new Error(`content-type is ${type}, expected application/json or application/x-protobuf`);
}

/** As much of the compiled schema as is used; its own types describe another layout than its module has. */
interface MessageType {
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): Message;
}
const { ExportTraceServiceRequest } = (root as unknown as { default: Message }).default.opentelemetry.proto
  .collector.trace.v1 as { ExportTraceServiceRequest: MessageType };

/** The loose shape that both encodings decode to: OTLP's messages, fields absent where they are empty. */
// biome-ignore lint/suspicious/noExplicitAny: decoded from outside, checked by the tests that read it
type Message = any;

function flatten(request: Message, hex: (id: unknown) => string): ReceivedSpan[] {
  const spans: ReceivedSpan[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans ?? []) {
    const service = String(readAttributes(resource?.attributes)['service.name'] ?? '');
    for (const { scope, spans: list } of scopeSpans ?? []) {
      for (const span of list ?? []) spans.push(readSpan(span, service, scope?.name ?? '', hex));
    }
  }
  return spans;
}

function readSpan(span: Message, service: string, scope: string, hex: (id: unknown) => string): ReceivedSpan {
  return {
    service,
    scope,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: span.parentSpanId === undefined ? '' : hex(span.parentSpanId),
    traceState: span.traceState ?? '',
    name: span.name,
    kind: span.kind ?? 0,
    flags: span.flags ?? 0,
    startTimeUnixNano: String(span.startTimeUnixNano),
    endTimeUnixNano: String(span.endTimeUnixNano),
    attributes: readAttributes(span.attributes),
    events: (span.events ?? []).map((event: Message) => ({
      name: event.name,
      timeUnixNano: String(event.timeUnixNano),
      attributes: readAttributes(event.attributes),
    })),
    links: (span.links ?? []).map((link: Message) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      attributes: readAttributes(link.attributes),
    })),
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
    dropped: [span.droppedAttributesCount ?? 0, span.droppedEventsCount ?? 0, span.droppedLinksCount ?? 0],
  };
}

function readAttributes(list: Message): Record<string, unknown> {
  return Object.fromEntries((list ?? []).map(({ key, value }: Message) => [key, readValue(value)]));
}

function readValue(value: Message): unknown {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.boolValue !== undefined) return value.boolValue;
  if (value?.intValue !== undefined) return Number(value.intValue);
  if (value?.doubleValue !== undefined) return value.doubleValue;
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(readValue);
  return null;
}
