import { registry } from './registry.ts';
import { isLoaded } from './sources/http2.ts';
import { loadedDispatcherPrototypes } from './sources/undici-copies.ts';

/** A client of HTTP, and whether its requests are seen. */
export interface WatchedClient {
  readonly name: 'node:http' | 'fetch' | 'undici' | 'node:http2';
  /** Whether its requests are seen. Of node:http2, which costs ten milliseconds to load, from its first use on. */
  readonly active: boolean;
  /** Of npm's undici: how many copies are loaded, as far as Node knows them by name. */
  readonly copies?: number;
}

/**
 * What this package watches at this moment, for a page that tells. Nothing is active while there is no global trace, no
 * `withClientTrace` that runs and no request under way.
 */
export function watchedClients(): WatchedClient[] {
  const active = registry().users > 0;
  const copies = loadedDispatcherPrototypes().length;
  return [
    { name: 'node:http', active },
    { name: 'fetch', active },
    { name: 'undici', active: active && copies > 0, copies },
    { name: 'node:http2', active: active && isLoaded() },
  ];
}
