import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Environment, Warn } from '../environment.ts';

type Headers = Record<string, string>;

/**
 * `key=value`, separated by commas, percent-encoded (specification, "Specifying headers via environment variables"): those
 * of the traces over the general ones, name by name, as OpenTelemetry's SDK for JavaScript has it. What is wrong is said by
 * its place, never by its text: it may be a secret that lost its name.
 */
export function readHeaders(option: unknown, env: Environment, warn: Warn): Headers {
  if (option !== undefined) return settleHeaders(option, warn);
  return {
    ...parseHeaders(env, 'OTEL_EXPORTER_OTLP_HEADERS', warn),
    ...parseHeaders(env, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', warn),
  };
}

function parseHeaders(env: Environment, variable: string, warn: Warn): Headers {
  const headers: Headers = {};
  for (const [index, entry] of (env[variable] ?? '').split(',').entries()) {
    if (entry.trim() === '') continue;
    const header = parseHeader(entry);
    if (header !== undefined) headers[header.name] = header.value;
    else {
      warn(
        `${variable} has something as entry ${index + 1} that is no header, expected key=value with a percent-encoded value; it is left out`,
      );
    }
  }
  return headers;
}

function parseHeader(entry: string): { name: string; value: string } | undefined {
  const equals = entry.indexOf('=');
  if (equals < 1) return undefined;
  try {
    const name = decodeURIComponent(entry.slice(0, equals).trim()).toLowerCase();
    const value = decodeURIComponent(entry.slice(equals + 1).trim());
    return isHeader(name, value) ? { name, value } : undefined;
  } catch {
    return undefined;
  }
}

function settleHeaders(option: unknown, warn: Warn): Headers {
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    warn('option headers is no object like { authorization: "…" }; it is ignored');
    return {};
  }
  const headers: Headers = {};
  for (const [index, [name, value]] of Object.entries(option).entries()) {
    if (isHeader(name, value)) headers[name.toLowerCase()] = value;
    else warn(`option headers has something as entry ${index + 1} that is no header; it is left out`);
  }
  return headers;
}

/** By the rules of the client that will send it. */
function isHeader(name: string, value: unknown): value is string {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value as string);
    return typeof value === 'string';
  } catch {
    return false;
  }
}
