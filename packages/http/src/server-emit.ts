import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';

/** Called instead of a server's own handlers; `proceed` calls those. */
export type AroundRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  proceed: () => boolean,
) => boolean;

/** The events by which a server hands a request to its handlers. */
const REQUEST_EVENTS: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);

type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Puts `around` about the handling of every request of every node:http and node:https server of the process, those
 * that exist already included; answers the undo. The one place where Sonde wraps a method of a server: Node's
 * diagnostics channels tell that a request is there, but cannot run its handlers inside anything, nor instead of
 * them (docs/discoveries/server-context.md).
 *
 * `around` must not throw. Upgrades and CONNECT pass untouched.
 */
export function aroundRequests(around: AroundRequest): () => void {
  const undo = [HttpServer, HttpsServer].map((Server) =>
    wrapEmit(Server.prototype as unknown as { emit: Emit }, around),
  );
  return () => {
    for (const restore of undo) restore();
  };
}

function wrapEmit(prototype: { emit: Emit }, around: AroundRequest): () => void {
  const own = Object.hasOwn(prototype, 'emit') ? prototype.emit : undefined;
  const base = Object.getPrototypeOf(prototype) as { emit: Emit };
  let active = true;
  const wrapped: Emit = function (event, ...args) {
    // Inherited, it is looked up at each call: somebody may wrap EventEmitter's later.
    const emit = own ?? base.emit;
    if (!active || !REQUEST_EVENTS.has(event)) return emit.call(this, event, ...args);
    const [request, response] = args as [IncomingMessage, ServerResponse];
    return around(request, response, () => emit.call(this, event, ...args));
  };
  prototype.emit = wrapped;
  return () => {
    // Whoever wrapped after us goes on to call this one, which then only passes on.
    active = false;
    if (prototype.emit !== wrapped) return;
    if (own === undefined) delete (prototype as Partial<typeof prototype>).emit;
    else prototype.emit = own;
  };
}
