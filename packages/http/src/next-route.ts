const META = Symbol.for('NextInternalRequestMeta');

interface NextRequest {
  readonly [META]?: {
    /** What the request was rewritten to, in the end. */
    readonly invokeOutput?: unknown;
    /** What rendered it. */
    readonly match?: { readonly definition?: { readonly pathname?: unknown } };
  };
}

/**
 * The route of a request that Next has handled, of the app router (`/orders/[id]`) or the pages router: read off the
 * request itself, where Next keeps what it knows. It tells the active span as well, but when the response is out. Seen of 16.
 */
export function nextRouteOf(request: object): string | undefined {
  const meta = (request as NextRequest)[META];
  return meta && (pageOf(meta.invokeOutput) ?? pageOf(meta.match?.definition?.pathname));
}

/** Next's own pages, which answer for what is missing or has failed, are no routes. */
function pageOf(pathname: unknown): string | undefined {
  return typeof pathname === 'string' && !/^\/(?:_|404$|500$)/.test(pathname) ? pathname : undefined;
}
