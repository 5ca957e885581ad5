/**
 * Whether somebody has loaded a module of Node's own. A look at the list costs less than a microsecond; loading node:http2
 * costs a start ten milliseconds, and node:tls five.
 */
export function isBuiltinLoaded(name: string): boolean {
  return (process as { moduleLoadList?: string[] }).moduleLoadList?.includes(`NativeModule ${name}`) ?? true;
}
