/** One frame of a stack: where something went wrong. */
export interface Frame {
  /** As V8 writes it, e.g. `Orders.total`; absent at the top of a module and in unnamed functions. */
  readonly function?: string;
  /** `file:///app/src/orders.js:12:9`, or a path. */
  readonly location: string;
}

/** More frames than anybody keeps; each shorter than any that is meant. */
const MAX_LINES = 200;
const MAX_LENGTH = 1_000;

/**
 * The innermost frame of the program's own code in a stack as V8 writes it, neither Node's nor of an installed package;
 * where there is none, the innermost of all.
 */
export function ownFrame(stack: string): Frame | undefined {
  let first: Frame | undefined;
  for (const line of stack.split('\n', MAX_LINES)) {
    const frame = frameOf(line);
    if (frame === undefined) continue;
    if (isOwn(frame.location)) return frame;
    first ??= frame;
  }
  return first;
}

/** `    at async Orders.total (file:///app/src/orders.js:12:9)`. By hand: a message may hold anything. */
function frameOf(line: string): Frame | undefined {
  if (line.length > MAX_LENGTH || !/^\s+at /.test(line) || !/:\d+:\d+\)?$/.test(line)) return undefined;
  const text = line
    .trim()
    .slice('at '.length)
    .replace(/^async /, '');
  const open = text.endsWith(')') ? text.indexOf(' (') : -1;
  if (open < 0) return { location: text };
  return { function: text.slice(0, open), location: text.slice(open + 2, -1) };
}

function isOwn(location: string): boolean {
  return !/^node:|[\\/]node_modules[\\/]|<anonymous>/.test(location);
}

/** For people: `total (src/orders.js:12:9)`. A path is as short as it is still found. */
export function frameText({ function: name, location }: Frame): string {
  const short = location.split(/[\\/]/).slice(-2).join('/');
  return name === undefined ? short : `${name} (${short})`;
}
