import { warnOnce } from './report.ts';
import { placeOf } from './routes/places.ts';

/** A page below the mount point, and its query without `?`. */
export interface PageTarget {
  readonly path: string;
  readonly query: string;
}

const DEFAULT_PATH = '/debug';

/** A function that tells whether a request target is one of the pages mounted at `path`: then, what is asked. */
export function pageMatcher(path?: string): (target: string | undefined) => PageTarget | undefined {
  const mount = mountPoint(path);
  return (target) => {
    if (target === undefined || !target.startsWith(mount)) return undefined;
    const mark = target.indexOf('?');
    const page = target.slice(mount.length, mark < 0 ? undefined : mark);
    // The mount point is a page with its slash and without.
    if (page !== '' && placeOf(page) === undefined) return undefined;
    return { path: page, query: mark < 0 ? '' : target.slice(mark + 1) };
  };
}

/** Without a slash at its end; `/` alone is empty. */
export function mountPoint(path: string = DEFAULT_PATH): string {
  const mount = typeof path === 'string' ? path.replace(/\/+$/, '') : undefined;
  if (mount === '' || mount?.startsWith('/')) return mount;
  warnOnce(`sonde: path is ${JSON.stringify(path)}, expected something like /debug; the pages are at /debug`);
  return DEFAULT_PATH;
}
