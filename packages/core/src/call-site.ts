/** Enough to get through the frames of libraries to the program's own. */
const DEPTH = 40;

/** Where this file's package lies beside its siblings, as stacks write it: a URL or, where compiled on the fly, a path. */
const siblings = new URL('../../', import.meta.url).href;
const siblingFolders = [siblings, decodeURIComponent(siblings.replace(/^file:\/\//, ''))];

/** The stack of the running code without the frames of Node, of Sonde and of the api: one line each. */
export function callStack(): string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = DEPTH;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return String(stack)
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !isForeign(line));
}

function isForeign(line: string): boolean {
  return (
    line.includes('node:') ||
    line.includes('<anonymous>') ||
    line.includes('/@opentelemetry/api/') ||
    line.includes('/@sonde/') ||
    (siblingFolders.some((folder) => line.includes(folder)) && !line.includes('.test.'))
  );
}
