import type { InspectOptions } from 'node:util';
import { cut } from '../pages/text.ts';

/** Longer lines are cut. In characters. */
export const LINE_LIMIT = 1_000;
/** Longer parts of a line are cut before they are kept: what is beyond could not be shown. */
const PART_LIMIT = 900;
/** Further arguments of a line are left out. */
const MAX_ARGUMENTS = 50;

/** What a page needs to know of an object to write it in one line; the rest of it is left alone. */
const inspection = { depth: 2, maxArrayLength: 20, maxStringLength: LINE_LIMIT, breakLength: Infinity };

/** How a line may differ in what it asks of objects. */
export type Inspection = Pick<InspectOptions, 'customInspect' | 'showProxy'>;

/** Loaded by the first line: an import would cost every program 3 ms at its start, on Node 22 and later. */
let util: typeof import('node:util') | undefined;

/**
 * `util.format`, for arguments of strangers: whatever they do when they are asked for text, the answer is a line of
 * limited length.
 */
export function formatLine(format: unknown, args: readonly unknown[], more?: Inspection): string {
  try {
    util ??= process.getBuiltinModule('node:util');
    return shorten(util.formatWithOptions({ ...inspection, ...more }, format, ...args), LINE_LIMIT);
  } catch (error) {
    return `(this line could not be formatted: ${reasonOf(error)})`;
  }
}

/** What `x` tells of itself, as a line: a function is asked, everything else is written. */
export function tellLine(x: unknown): string {
  try {
    return formatLine('%s', [typeof x === 'function' ? x() : x]);
  } catch (error) {
    return `(this line could not be formatted: ${reasonOf(error)})`;
  }
}

/** What is said of an error, which may be anything, and fail in its turn. */
export function reasonOf(error: unknown): string {
  try {
    return shorten(String(error), PART_LIMIT);
  } catch {
    return 'not even its error could';
  }
}

/** What can be kept for later as it is, without holding on to more than its text. */
export function isPlain(value: unknown): boolean {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null;
}

/** The arguments of a line as they are kept: texts cut, and not too many. */
export function keepable(args: readonly unknown[]): readonly unknown[] {
  const some = args.length > MAX_ARGUMENTS ? args.slice(0, MAX_ARGUMENTS) : args;
  return some.some((value) => typeof value === 'string' && value.length > PART_LIMIT)
    ? some.map((value) => (typeof value === 'string' ? shorten(value) : value))
    : some;
}

export function shorten(text: string, limit: number = PART_LIMIT): string {
  return text.length <= limit ? text : detached(cut(text, limit));
}

/** V8 keeps the whole of a text for a part of it: a copy holds only itself. */
function detached(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** A name that a user gave, whatever it is. */
export function nameFrom(name: unknown, limit: number): string {
  const text = typeof name === 'string' ? name : formatLine('%s', [name]);
  return text.length <= limit ? text : detached(text.slice(0, limit));
}
