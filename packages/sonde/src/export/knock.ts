import { connect } from 'node:net';

/** How long a collector on the network may take to accept a connection, in milliseconds. */
const PATIENCE_MILLIS = 1_000;

/** Why nobody can be reached at `url`, as an error code; `undefined` when somebody accepts a connection. */
export function unreachable(url: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const socket = connect({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      timeout: PATIENCE_MILLIS,
    });
    const answer = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.once('connect', () => answer(undefined));
    // If the program has been too busy to see it, it sees it first.
    socket.once('timeout', () => setImmediate(answer, 'ETIMEDOUT').unref());
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code ?? error.message));
    socket.unref();
  });
}
