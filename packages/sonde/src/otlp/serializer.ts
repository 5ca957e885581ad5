import type { ReadableSpan } from '@sonde/core';
import { EXPORTER, loadOf } from './otlp-exporter.ts';
import type { OtlpProtocol } from './protocol.ts';

/** Makes the body of an export of spans, or `undefined` where it cannot. */
export type Serializer = (spans: ReadableSpan[]) => Uint8Array | undefined;

interface Transformer {
  readonly JsonTraceSerializer: { serializeRequest: Serializer };
  readonly ProtobufTraceSerializer: { serializeRequest: Serializer };
}

/** What the exporter itself makes its bodies with, for one who sends them without it. Throws where it is not installed. */
export function loadSerializer(protocol: OtlpProtocol): Serializer {
  const transformer = loadOf(EXPORTER, '@opentelemetry/otlp-transformer') as Transformer;
  return protocol === 'http/protobuf'
    ? transformer.ProtobufTraceSerializer.serializeRequest
    : transformer.JsonTraceSerializer.serializeRequest;
}

export function contentTypeOf(protocol: OtlpProtocol): string {
  return protocol === 'http/protobuf' ? 'application/x-protobuf' : 'application/json';
}
