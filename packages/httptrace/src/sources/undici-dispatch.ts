import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { guarded } from '../report.ts';
import { wrapMethod } from './channel.ts';

/** Runs a function in the async context in which it was made. */
type Snapshot = <T>(fn: () => T) => T;

/** A dispatcher of any copy of undici: `Agent`, `Pool`, `Client`, … */
interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}

/** Where each copy of undici keeps the dispatcher that its `fetch` uses; majors up to 7, and 8. */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];

/**
 * A pool that has no connection to spare keeps a request and creates it later, when a connection is free: in the
 * async context of whoever freed it. A request's context is therefore taken when the client is asked to dispatch
 * it, and entered again when the pool dispatches it in turn. (undici does so itself since 8.12.3.)
 *
 * There is no channel for a dispatch, so `dispatch` is wrapped, once in each copy of undici that shows itself: by
 * the global dispatcher, or by a connection that it has made.
 */
export class DispatchWatch {
  /** By handler: an object of its own for every request, which the queue keeps and a retry uses again. */
  private readonly snapshots = new WeakMap<object, Snapshot>();
  private readonly undo: (() => void)[] = [];
  private readonly wrapped = new WeakSet<object>();
  private readonly seen = new WeakSet<object>();

  /** Looks whether there are new global dispatchers; cheap when there are none. */
  readonly lookAtGlobals: () => void = guarded('the note of a dispatcher', (): void => {
    for (const key of GLOBAL_DISPATCHERS) this.meet((globalThis as { [key: symbol]: unknown })[key]);
  });

  /** Looks at the client that made a connection, which undici notes on the socket. */
  readonly lookAtSocket: (socket: object) => void = guarded('the note of a dispatcher', (socket) => {
    const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'client');
    if (key !== undefined) this.meet((socket as { [key: symbol]: unknown })[key]);
  });

  /** Runs `fn` in the context of the request's caller, as far as the request itself can tell it. */
  enter(request: object, fn: () => void): void {
    const key = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'handler');
    const handler = key === undefined ? undefined : (request as { [key: symbol]: unknown })[key];
    // Also of a copy of undici that has not shown itself yet.
    if (handler instanceof AsyncResource) handler.runInAsyncScope(fn);
    else fn();
  }

  uninstall(): void {
    for (const restore of this.undo.splice(0)) restore();
  }

  private meet(dispatcher: unknown): void {
    if (typeof dispatcher !== 'object' || dispatcher === null || this.seen.has(dispatcher)) return;
    this.seen.add(dispatcher);
    for (
      let prototype = Object.getPrototypeOf(dispatcher);
      prototype !== null && prototype !== Object.prototype;
      prototype = Object.getPrototypeOf(prototype)
    ) {
      if (Object.hasOwn(prototype, 'dispatch') && !this.wrapped.has(prototype)) {
        this.wrapped.add(prototype);
        this.undo.push(wrapMethod(prototype as Dispatcher, 'dispatch', (dispatch) => this.wrap(dispatch)));
      }
    }
  }

  private wrap(dispatch: Dispatcher['dispatch']): Dispatcher['dispatch'] {
    const { snapshots } = this;
    /** Whose dispatch is running: an agent asks a pool, and that a client, all in the right context. */
    let dispatching: object | undefined;
    const run = (dispatcher: Dispatcher, options: object, handler: object): boolean => {
      const outer = dispatching;
      dispatching = handler;
      try {
        return dispatch.call(dispatcher, options, handler);
      } finally {
        dispatching = outer;
      }
    };
    return function (this: Dispatcher, options, handler) {
      if (handler === dispatching || typeof handler !== 'object' || handler === null) {
        return dispatch.call(this, options, handler);
      }
      // The handlers of `request`, `stream` and the like are async resources, made in their caller's context.
      if (handler instanceof AsyncResource) {
        return handler.runInAsyncScope(() => run(this, options, handler));
      }
      const snapshot = snapshots.get(handler);
      if (snapshot !== undefined) return snapshot(() => run(this, options, handler));
      snapshots.set(handler, AsyncLocalStorage.snapshot() as Snapshot);
      return run(this, options, handler);
    };
  }
}
