import {
  announcePages,
  debugHandler,
  pageMatcher,
  type SelfFacts,
  type TraceLinkOptions,
  traceLink,
} from '@sonde/debug';
import { aroundRequests } from '@sonde/http';
import { onFirstServer } from './announce.ts';
import type { Configuration } from './configuration.ts';
import type { Log } from './log.ts';
import { openPagesPort } from './pages-port.ts';

/** The pages of the process: on the application's servers, or on a port of their own. */
export interface Pages {
  /** Whether a request is for them, and none of the application. */
  isVisit(request: { readonly url?: string | undefined }): boolean;
  /** Has responses tell which trace they belong to; answers the undo. Before HTTP is watched, so that spans are active. */
  link(): (() => void)[];
  /**
   * Puts them in place; answers the undo. After HTTP is watched: then what answers a page comes before what makes spans
   * and calls the application's handlers.
   */
  show(): (() => void)[];
}

const nowhere: Pages = { isVisit: () => false, link: () => [], show: () => [] };

export function makePages(configuration: Configuration, self: () => SelfFacts, log: Log): Pages {
  const { authRequest, hosts, path, peers, port, serviceName, token, traceLinks } = configuration;
  if (path === false) return nowhere;
  const where = {
    path,
    hosts,
    ...(token === undefined ? {} : { token }),
    ...(authRequest === undefined ? {} : { authRequest }),
  };
  const handler = debugHandler({ ...where, service: serviceName, self, peers });
  const linker = (options: TraceLinkOptions) => () => (traceLinks ? [linkTraces(options)] : []);
  const exportNote = whereSpansGo(configuration);
  let withdraw = (): void => {};
  const announce = (url: string): void => {
    // Of any port, nobody would know which unless it is said.
    const tell = port?.port === 0 ? log.say : log.info;
    tell(`${serviceName} · ${url}/requests · ${exportNote}`);
    if (peers.discover) withdraw = announcePages({ url, service: serviceName });
  };

  if (port !== undefined) {
    const own = openPagesPort(port, path, handler, announce, log.warn);
    return {
      isVisit: own.owns,
      link: linker({ ...where, origin: own.origin }),
      show: () => [own.close, () => handler.close(), () => withdraw()],
    };
  }
  const isPage = pageMatcher(path);
  return {
    isVisit: ({ url }) => isPage(url) !== undefined,
    link: linker(where),
    show: () => [
      () => handler.close(),
      aroundRequests((request, response, proceed) => handler(request, response) || proceed()),
      () => withdraw(),
      onFirstServer(path, announce),
    ],
  };
}

function linkTraces(options: TraceLinkOptions): () => void {
  const link = traceLink(options);
  return aroundRequests((request, response, proceed) => {
    link(request, response);
    return proceed();
  });
}

function whereSpansGo({ exporters, otlp }: Configuration): string {
  const names = [...(otlp === undefined ? [] : [otlp.url.origin]), ...exporters.map(({ name }) => name)];
  return names.length === 0 ? 'spans stay in this process' : `spans go to ${names.join(', ')}`;
}
