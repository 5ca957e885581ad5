/** Enough to get through the frames of libraries to the program's own. */
const DEPTH = 40;

/** Where this file's package lies beside its siblings, as stacks write it: a URL or, where compiled on the fly, a path. */
function findSiblings(): string[] {
  const { href } = new URL('../../', import.meta.url);
  return [href, decodeURIComponent(href.replace(/^file:\/\//, ''))];
}
let siblings: string[] | undefined;

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
  siblings ??= findSiblings();
  return (
    line.includes('node:') ||
    line.includes('<anonymous>') ||
    line.includes('/@opentelemetry/api/') ||
    line.includes('/@sonde/') ||
    (siblings.some((folder) => line.includes(folder)) && !line.includes('.test.'))
  );
}
