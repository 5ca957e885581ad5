import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Environment, parseChoice, type Warn } from '../environment.ts';
import { HERE } from './here.ts';
import { readOtlpVariable } from './variables.ts';

const PROTOCOLS = ['http/json', 'http/protobuf', 'grpc'] as const;
export type OtlpProtocol = Exclude<(typeof PROTOCOLS)[number], 'grpc'>;

const PROTOBUF_EXPORTER = '@opentelemetry/exporter-trace-otlp-proto';

/** `http/json` unless the other was asked for and its exporter is there: Sonde brings one of them, as few packages as possible. */
export function readProtocol(env: Environment, warn: Warn): OtlpProtocol {
  const given = readOtlpVariable(env, 'PROTOCOL', (name, value) => {
    const protocol = parseChoice(name, value, PROTOCOLS, 'it is ignored', warn);
    if (protocol === 'grpc') {
      warn(`${name} is "${value}", which Sonde does not speak; it sends http/json, usually to port 4318`);
      return 'http/json';
    }
    if (protocol === 'http/protobuf' && findProtobufExporter() === undefined) {
      warn(
        `${name} is "${value}", for which ${PROTOBUF_EXPORTER} has to be installed; until then, it is http/json`,
      );
      return 'http/json';
    }
    return protocol;
  });
  return given ?? 'http/json';
}

/** Where the exporter of OTLP as protobuf is, beside Sonde or beside the program; the user installs it. */
export function findProtobufExporter(): string | undefined {
  for (const from of [HERE, join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from).resolve(PROTOBUF_EXPORTER);
    } catch {
      // Not from here.
    }
  }
  return undefined;
}
