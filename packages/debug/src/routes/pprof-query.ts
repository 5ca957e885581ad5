import { DiagnosticError } from '@sonde/runtime';

/**
 * A parameter of a page of profiles; undefined where it is not given.
 *
 * @throws {DiagnosticError} for what is no number
 */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (/^-?\d+(?:\.\d+)?(?:e\+?\d+)?$/i.test(text)) return Number(text);
  throw new DiagnosticError('invalid', `${name} is ${JSON.stringify(text.slice(0, 40))}, expected a number`);
}
