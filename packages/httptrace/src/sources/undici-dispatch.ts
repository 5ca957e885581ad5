import { AsyncResource } from 'node:async_hooks';
import { guarded } from '../report.ts';
import { RequestTrace } from '../request-trace.ts';
import { wrapMethod } from './channel.ts';
import { loadedDispatcherPrototypes, loadedUnwrappers } from './undici-copies.ts';
import { CLIENT, HANDLER } from './undici-request.ts';

/** A dispatcher of any copy of undici: `Agent`, `Pool`, `Client`, … */
interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}
type Dispatch = Dispatcher['dispatch'];

interface Unwrapper {
  unwrap(handler: unknown): unknown;
}

type Begin<Request> = (request: Request, attempt: number, askedAt: number | undefined) => void;

/** What a caller wants of a client: one request, and those that retries and redirects make of it. */
class Wish {
  /** When it was asked for, on the clock of `performance.now()`. */
  at = performance.now();
  /** Whether a request was created for it. */
  created = false;
  /** Whether it was left in a queue. */
  waiting = false;
  /** The same for all requests made of one wish. */
  readonly root: object;
  /** The async context in which it was asked for. */
  context: AsyncResource | undefined;

  constructor(handler: object) {
    this.root = innermost(handler);
  }
}

/** Where each copy of undici keeps the dispatcher that its `fetch` uses; majors up to 7, and 8. */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];

/**
 * A pool that has no connection to spare keeps a request and creates it later, when a connection is free: in the
 * async context of whoever freed it. So does a retry that waits. A request's context and time are therefore taken
 * when the client is asked to dispatch it, and the context is entered again when it is dispatched in turn. (Pools do
 * so themselves since 8.12.3.)
 *
 * There is no channel for a dispatch, so the one `dispatch` through which all dispatchers of a copy of undici go is
 * wrapped, once in each copy that is loaded or shows itself.
 */
export class DispatchWatch {
  /** By handler: an object of its own for every request, which a queue keeps and a retry uses again. */
  private readonly wishes = new WeakMap<object, Wish>();
  private readonly attempts = new WeakMap<object, number>();
  /**
   * By what undici 7 makes of a handler of the newer kind at each dispatch, one of the older: that is what its queues
   * keep, and what is all that is seen where `compose` has bound a `dispatch` before it was wrapped.
   */
  private readonly unwrapped = new WeakMap<object, object>();
  private readonly undo: (() => void)[] = [];
  private readonly wrapped = new WeakSet<object>();
  private readonly seen = new WeakSet<object>();
  /** Whose dispatch is running: an agent asks a pool, and that a client, all in the right context. */
  private wish: Wish | undefined;
  private handler: object | undefined;
  private path: unknown;
  /** Whether one is running that nobody watches. */
  private passing = false;
  /** How many requests were created. */
  private creations = 0;

  /** Looks for copies of undici that are loaded, and have a global dispatcher. */
  readonly lookAround: () => void = guarded('the note of a dispatcher', (): void => {
    for (const prototype of loadedDispatcherPrototypes()) this.meet(prototype);
    for (const unwrapper of loadedUnwrappers()) this.meetUnwrapper(unwrapper);
    for (const key of GLOBAL_DISPATCHERS) this.meet((globalThis as { [key: symbol]: unknown })[key]);
  });

  /** Before it is the first of its copy of undici to be queued, a request is created: in time to look around. */
  readonly lookAtRequest: (request: object) => void = (request) => {
    if (this.seen.has(request.constructor)) return;
    this.seen.add(request.constructor);
    this.lookAround();
  };

  /** Looks at the client that made a connection, which undici notes on the socket. */
  readonly lookAtSocket: (socket: object) => void = guarded('the note of a dispatcher', (socket) => {
    this.meet(CLIENT.of(socket));
  });

  /**
   * Calls `begin` in the context of the request's caller, with the number of the attempt and, of a request that waited
   * in a queue, the time since when. Does not call it for a request that nobody watches.
   */
  enter<Request extends object>(request: Request, begin: Begin<Request>): void {
    this.creations++;
    const { wish } = this;
    if (wish !== undefined) {
      const askedAt = wish.waiting ? wish.at : undefined;
      wish.created = true;
      wish.waiting = false;
      begin(request, this.count(wish.root, HANDLER.of(request)), askedAt);
      return;
    }
    if (this.passing && !RequestTrace.watched()) return;
    const handler = HANDLER.of(request);
    if (!isObject(handler)) {
      begin(request, 1, undefined);
      return;
    }
    // Of a copy of undici that has not shown itself yet, or redirected beneath its dispatch.
    const root = innermost(handler);
    const attempt = this.count(root, handler);
    if (root instanceof AsyncResource) root.runInAsyncScope(begin, undefined, request, attempt, undefined);
    else begin(request, attempt, undefined);
  }

  /** Stands for the dispatch that is running, if one is: a dial in the course of it is for the request created in it. */
  get running(): object | undefined {
    return this.wish;
  }

  uninstall(): void {
    for (const restore of this.undo.splice(0)) restore();
  }

  /** Handlers that can only be used once are not counted. */
  private count(root: object, handler: unknown): number {
    if (handler === root && !mayRepeat(root)) return 1;
    const attempt = (this.attempts.get(root) ?? 0) + 1;
    this.attempts.set(root, attempt);
    return attempt;
  }

  /** Of a dispatcher or a prototype of one: wraps the `dispatch` of the class that all dispatchers descend from. */
  private meet(dispatcher: unknown): void {
    if (!isObject(dispatcher) || this.seen.has(dispatcher)) return;
    this.seen.add(dispatcher);
    for (let owner = dispatcher; owner !== null; owner = Object.getPrototypeOf(owner)) {
      if (!isDispatcherBase(owner) || this.wrapped.has(owner)) continue;
      this.wrapped.add(owner);
      this.undo.push(wrapMethod(owner as Dispatcher, 'dispatch', (dispatch) => this.wrap(dispatch)));
    }
  }

  /** Of undici 7: the class that has a handler of the newer kind look like one of the older. */
  private meetUnwrapper(unwrapper: unknown): void {
    if (!isUnwrapper(unwrapper) || this.seen.has(unwrapper)) return;
    this.seen.add(unwrapper);
    const { unwrapped } = this;
    const noting = (unwrap: Unwrapper['unwrap']): Unwrapper['unwrap'] =>
      function (this: Unwrapper, handler) {
        const made = unwrap.call(this, handler);
        if (made !== handler && isObject(made) && isObject(handler)) unwrapped.set(made, handler);
        return made;
      };
    this.undo.push(wrapMethod(unwrapper, 'unwrap', noting));
  }

  private wrap(dispatch: Dispatch): Dispatch {
    const watch = this;
    return function (this: Dispatcher, options, handler) {
      // What is no object is for undici to refuse.
      if (handler === watch.handler || !isObject(handler) || !isObject(options)) {
        return dispatch.call(this, options, handler);
      }
      if (watch.isNobodys(handler)) return watch.passBy(this, dispatch, options, handler);
      return watch.dispatch(() => dispatch.call(this, options, handler), options, handler);
    };
  }

  /** Asked for where nobody watches; what may come again, from elsewhere, is followed all the same. */
  private isNobodys(handler: object): boolean {
    return (
      this.wish === undefined && !RequestTrace.watched() && !mayRepeat(handler) && !this.wishes.has(handler)
    );
  }

  /** A request that nobody watches costs nothing, unless it is left in a queue: there it must stay nobody's. */
  private passBy(dispatcher: Dispatcher, dispatch: Dispatch, options: object, handler: object): boolean {
    const { creations, handler: outerHandler, passing } = this;
    this.passing = true;
    this.handler = handler;
    try {
      return dispatch.call(dispatcher, options, handler);
    } finally {
      this.passing = passing;
      this.handler = outerHandler;
      if (this.creations === creations && !this.wishes.has(handler)) {
        const wish = new Wish(handler);
        wish.waiting = true;
        this.remember(handler, wish);
      }
    }
  }

  private dispatch(proceed: () => boolean, options: object, handler: object): boolean {
    const known = this.knownWish(handler);
    if (known !== undefined) {
      // It waited in a queue until now, or comes again.
      if (known.created) {
        known.created = false;
        known.at = performance.now();
      }
      const again = (): boolean => this.run(known, proceed, options, handler);
      // The handlers of `request`, `stream` and the like are async resources, made in their caller's context.
      if (handler instanceof AsyncResource) return handler.runInAsyncScope(again);
      return known.context === undefined ? again() : known.context.runInAsyncScope(again);
    }
    const wish = this.partOf(options, handler) ?? new Wish(handler);
    if (mayRepeat(handler)) this.remember(handler, wish);
    const answer = this.run(wish, proceed, options, handler);
    if (wish.waiting) this.remember(handler, wish);
    return answer;
  }

  private knownWish(handler: object): Wish | undefined {
    const known = this.wishes.get(handler);
    if (known !== undefined) return known;
    const within = this.unwrapped.get(handler);
    if (within !== undefined) return this.wishes.get(within);
    // Of a copy of undici that has not shown itself: from now on what it makes is known.
    this.meetUnwrapper(readable(handler, 'constructor'));
    return undefined;
  }

  private run(wish: Wish, proceed: () => boolean, options: object, handler: object): boolean {
    const { wish: outerWish, handler: outerHandler, path: outerPath } = this;
    this.wish = wish;
    this.handler = handler;
    this.path = readable(options, 'path');
    try {
      return proceed();
    } finally {
      wish.waiting = !wish.created;
      this.wish = outerWish;
      this.handler = outerHandler;
      this.path = outerPath;
    }
  }

  /** On its way down, undici 7 puts handlers into others; what else is dispatched meanwhile is another's wish. */
  private partOf(options: object, handler: object): Wish | undefined {
    const { wish } = this;
    if (wish === undefined || handler instanceof AsyncResource) return undefined;
    if (readable(options, 'path') !== this.path) return undefined;
    return wish;
  }

  private remember(handler: object, wish: Wish): void {
    this.wishes.set(handler, wish);
    const within = this.unwrapped.get(handler);
    if (within !== undefined) this.wishes.set(within, wish);
    if (!(handler instanceof AsyncResource)) wish.context ??= new AsyncResource('SondeDispatch');
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The handlers of `request` and the like, and the object literal that `fetch` makes, serve one request. */
function mayRepeat(handler: object): boolean {
  return !(handler instanceof AsyncResource) && Object.getPrototypeOf(handler) !== Object.prototype;
}

function isUnwrapper(value: unknown): value is Unwrapper {
  return typeof value === 'function' && typeof readable(value, 'unwrap') === 'function';
}

/** Handlers of retries and redirects hold the one that they serve, which stays the same. */
function innermost(handler: object): object {
  let found = handler;
  for (let depth = 0; depth < 8; depth++) {
    const inner = readable(found, 'handler');
    if (!isObject(inner)) break;
    found = inner;
  }
  return found;
}

/** What users hand over may have getters that throw: what cannot be read is not there, and undici says what it thinks. */
function readable(object: object, name: string): unknown {
  try {
    return (object as { readonly [name: string]: unknown })[name];
  } catch {
    return undefined;
  }
}

/** By what it has, as a bundler may have changed its name; dispatchers of users' have no such accessors of their own. */
function isDispatcherBase(prototype: object): boolean {
  return ['dispatch', 'destroyed', 'closed'].every((name) => Object.hasOwn(prototype, name));
}
