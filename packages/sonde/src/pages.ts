import { debugHandler, pageMatcher, type SelfFacts } from '@sonde/debug';
import { aroundRequests } from '@sonde/http';
import { onFirstServer } from './announce.ts';
import type { Configuration } from './configuration.ts';
import { openPagesPort } from './pages-port.ts';
import { say } from './say.ts';

/** The pages of the process: on the application's servers, or on a port of their own. */
export interface Pages {
  /** Whether a request is for them, and none of the application. */
  isVisit(request: { readonly url?: string | undefined }): boolean;
  /**
   * Puts them in place; answers the undo. After HTTP is watched: then what answers a page comes before what makes spans
   * and calls the application's handlers.
   */
  show(): (() => void)[];
}

const nowhere: Pages = { isVisit: () => false, show: () => [] };

export function makePages(
  configuration: Configuration,
  self: () => SelfFacts,
  warn: (sentence: string) => void,
): Pages {
  const { authRequest, development, hosts, path, port, serviceName, token, tracesUrl } = configuration;
  if (path === false) return nowhere;
  const handler = debugHandler({
    path,
    hosts,
    service: serviceName,
    self,
    ...(token === undefined ? {} : { token }),
    ...(authRequest === undefined ? {} : { authRequest }),
  });
  const exportNote =
    tracesUrl === undefined ? 'spans stay in this process' : `spans go to ${tracesUrl.origin}`;
  const announce = (url: string): void => say(`${serviceName} · ${url} · ${exportNote}`);

  if (port !== undefined) {
    // Of any port, nobody would know which unless it is said.
    const listening = development || port.port === 0 ? announce : () => {};
    const own = openPagesPort(port, path, handler, listening, warn);
    return { isVisit: own.owns, show: () => [own.close, () => handler.close()] };
  }
  const isPage = pageMatcher(path);
  return {
    isVisit: ({ url }) => isPage(url) !== undefined,
    show: () => [
      () => handler.close(),
      aroundRequests((request, response, proceed) => handler(request, response) || proceed()),
      ...(development ? [onFirstServer(path, announce)] : []),
    ],
  };
}
