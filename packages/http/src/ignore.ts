import type { IncomingMessage } from 'node:http';
import { diag } from '@opentelemetry/api';
import { parseTarget } from './redact.ts';

/** What a rule can go by: an `IncomingMessage`, or as much of it as a request of HTTP/2 has. */
export type IncomingRequest = Pick<IncomingMessage, 'headers' | 'method' | 'url'>;

/**
 * Which requests to this process are left alone. A string is a path as it stands, without query, or, with a `*` at its
 * end, the beginning of one; a regular expression is tried on the path; a function is asked.
 */
export type IgnoreRule = string | RegExp | ((request: IncomingRequest) => boolean);

/** One predicate of all rules. What throws ignores nothing, and is said. */
export function ignoring(
  given: IgnoreRule | readonly IgnoreRule[] | undefined,
): (request: IncomingRequest) => boolean {
  const rules = (Array.isArray(given) ? given : given === undefined ? [] : [given]).map(predicateOf);
  const [only] = rules;
  if (only === undefined) return () => false;
  if (rules.length === 1) return only;
  return (request) => rules.some((ignores) => ignores(request));
}

function predicateOf(rule: IgnoreRule): (request: IncomingRequest) => boolean {
  if (typeof rule === 'function') {
    return (request) => {
      try {
        return rule(request) === true;
      } catch (error) {
        diag.warn('sonde: ignoreIncoming threw; the request is traced', error);
        return false;
      }
    };
  }
  if (rule instanceof RegExp) {
    // A copy without state: one that is `g` or `y` begins where it matched last.
    const pattern = new RegExp(rule.source, rule.flags.replace(/[gy]/g, ''));
    return ({ url }) => pattern.test(parseTarget(url ?? '').path);
  }
  if (typeof rule === 'string') {
    if (!rule.endsWith('*')) return ({ url }) => pathIs(url ?? '', rule);
    const start = rule.slice(0, -1);
    return ({ url }) => (url ?? '').startsWith(start);
  }
  diag.warn(
    `sonde: ignoreIncoming holds something of type ${typeof rule}, expected strings, regular expressions or functions`,
  );
  return () => false;
}

function pathIs(target: string, path: string): boolean {
  return target.startsWith(path) && (target.length === path.length || target[path.length] === '?');
}
