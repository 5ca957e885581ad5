import type { HttpOptions, IgnoreRule } from '@sonde/http';
import { type Environment, readSwitch, splitList, type Warn } from './environment.ts';

/** What SERVER spans leave alone, believe and tell, as `instrumentHttp` takes it. */
export type ServerOptions = Pick<
  HttpOptions,
  'captureRequestHeaders' | 'captureResponseHeaders' | 'ignoreIncoming' | 'trustProxy'
>;

/** The same, settled. */
export interface ServerConfiguration {
  readonly ignoreIncoming: readonly IgnoreRule[];
  readonly trustProxy: boolean;
  readonly captureRequestHeaders: readonly string[];
  readonly captureResponseHeaders: readonly string[];
}

/** Options win over variables; lists in variables are separated by commas. */
export function readServerOptions(options: ServerOptions, env: Environment, warn: Warn): ServerConfiguration {
  const headers = (direction: 'Request' | 'Response'): readonly string[] =>
    settleNames(`capture${direction}Headers`, options[`capture${direction}Headers`], warn) ??
    splitList(env[`OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_${direction.toUpperCase()}_HEADERS`]);
  const { ignoreIncoming } = options;
  return {
    ignoreIncoming: isList(ignoreIncoming)
      ? ignoreIncoming
      : ignoreIncoming === undefined
        ? splitList(env['SONDE_IGNORE'])
        : [ignoreIncoming],
    trustProxy: options.trustProxy ?? readSwitch(env, 'SONDE_TRUST_PROXY', false, warn),
    captureRequestHeaders: headers('Request'),
    captureResponseHeaders: headers('Response'),
  };
}

/** `Array.isArray` knows no readonly arrays. */
function isList(rules: ServerOptions['ignoreIncoming']): rules is readonly IgnoreRule[] {
  return Array.isArray(rules);
}

function settleNames(option: string, names: unknown, warn: Warn): readonly string[] | undefined {
  if (names === undefined) return undefined;
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  warn(`option ${option} is no array of strings; it is ignored`);
  return undefined;
}
