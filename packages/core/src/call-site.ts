/** Enough to get through the frames of libraries to the program's own. */
const DEPTH = 40;

/** Where this file's package lies beside its siblings, as stacks write it: a URL or, where compiled on the fly, a path. */
function findSiblings(): string[] {
  // By hand: bundlers take `new URL('../../', import.meta.url)` for a file that they are to bring along.
  const href = import.meta.url.replace(/[^/]*\/[^/]*\/[^/]*$/, '');
  return [href, decodeURIComponent(href.replace(/^file:\/\//, ''))];
}
let siblings: string[] | undefined;

/**
 * The stack of the running code without the frames of Node, of Sonde and of the api: one line each. Empty where it
 * cannot be had: a program may have its own idea of `Error.prepareStackTrace`, or have frozen `Error`.
 */
export function callStack(): string[] {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = DEPTH;
    return String(new Error().stack)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('at ') && !isForeign(line));
  } catch {
    return [];
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

function isForeign(line: string): boolean {
  siblings ??= findSiblings();
  return (
    line.includes('node:') ||
    // Without a place: what is built in. A callback of the program may be called `Server.<anonymous>`.
    line.endsWith('<anonymous>)') ||
    line.endsWith(' <anonymous>') ||
    line.includes('/@opentelemetry/api/') ||
    line.includes('/@sonde/') ||
    (siblings.some((folder) => line.includes(folder)) && !line.includes('.test.'))
  );
}
