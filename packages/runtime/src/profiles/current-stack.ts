/** A call, as V8 tells it: line and column from 0. */
export interface RawFrame {
  readonly name: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** As many calls as Go keeps of a stack. */
const DEPTH = 32;

/**
 * Who called `above`, innermost first, without the first `skip`; empty where that cannot be had. Places in the code that
 * runs: to follow source maps is for those who read it, and takes a hundred times as long.
 */
export function currentStack(above: (...args: never[]) => unknown, skip: number): RawFrame[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const depth = DEPTH + (skip > 0 ? Math.floor(skip) : 0);
  try {
    Error.stackTraceLimit = depth;
    Error.prepareStackTrace = (_error, sites) => sites;
    const holder: { stack?: NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder, above);
    return (holder.stack ?? []).slice(depth - DEPTH).map(frameOf);
  } catch {
    // The program froze what would tell.
    return [];
  } finally {
    restore({ stackTraceLimit });
    restore({ prepareStackTrace });
  }
}

function restore(properties: object): void {
  try {
    Object.assign(Error, properties);
  } catch {
    // It could not be changed before either.
  }
}

function frameOf(site: NodeJS.CallSite): RawFrame {
  return {
    name: site.getFunctionName() ?? '(anonymous)',
    url: site.getFileName() ?? '',
    line: (site.getLineNumber() ?? 1) - 1,
    column: (site.getColumnNumber() ?? 1) - 1,
  };
}
