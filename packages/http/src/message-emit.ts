import { IncomingMessage, ServerResponse } from 'node:http';
import { context } from '@opentelemetry/api';
import { EXCHANGE, type Exchanging } from './exchange.ts';
import { type Emitting, wrapEmit } from './wrap-emit.ts';

/**
 * Runs the listeners of a request and its response in the context of its span; answers the undo. Node emits the events of
 * a body and of a broken connection from the socket, outside every context (docs/discoveries/server-context.md).
 *
 * The wrap is on the classes: an `emit` of each message's own, as `context.bind` makes it, took twice as long as the span.
 */
export function emitInContext(): () => void {
  const undo = [IncomingMessage, ServerResponse].map(({ prototype }) =>
    wrapEmit(
      prototype as unknown as Emitting,
      (behind) =>
        function (event, ...args) {
          const exchange = (this as Message)[EXCHANGE];
          if (
            exchange === undefined ||
            !behind.active ||
            isUnheard(this as Message, event) ||
            // Most events of a request are emitted in its own context already: then there is nothing to enter.
            context.active() === exchange.context
          ) {
            return behind.emit.call(this, event, ...args);
          }
          return context.with(exchange.context, behind.emit, this, event, ...args);
        },
    ),
  );
  return () => {
    for (const restore of undo) restore();
  };
}

type Message = Exchanging & Pick<IncomingMessage, 'listenerCount' | 'listeners'>;

/** Entering a context costs more than telling nobody, or nobody but Node's own server. */
function isUnheard(message: Message, event: string | symbol): boolean {
  const count = message.listenerCount(event);
  return count === 0 || (count === 1 && isServersOwn(message, event));
}

/** The server listens for the end of each response, and of a request that it does not wait for any longer. */
function isServersOwn(message: Message, event: string | symbol): boolean {
  return event === 'finish' || (event === 'end' && message.listeners(event)[0]?.name === 'clearIncoming');
}
