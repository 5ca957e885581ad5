import { type Environment, parseChoice, parseTimeout, type Warn } from '../environment.ts';
import { readOtlpVariable } from './variables.ts';

const DEFAULT_TIMEOUT_MILLIS = 10_000;
const COMPRESSIONS = ['gzip', 'none'] as const;

/** Of one request, in milliseconds: the retries are `ExportProcessor`'s. */
export function readExportTimeout(env: Environment, warn: Warn): number {
  const given = readOtlpVariable(env, 'TIMEOUT', (name, value) => parseTimeout(name, value, warn));
  return given ?? DEFAULT_TIMEOUT_MILLIS;
}

export function readCompression(env: Environment, warn: Warn): (typeof COMPRESSIONS)[number] {
  const given = readOtlpVariable(env, 'COMPRESSION', (name, value) =>
    parseChoice(name, value, COMPRESSIONS, 'it is ignored', warn),
  );
  return given ?? 'none';
}
