/** Told once the work is over; `reason` is what it was rejected with. Must bear to be called twice. */
type Settled = (reason?: unknown) => void;

/**
 * Calls `settled` when `result` settles, at once if it is nothing that could, and answers what the caller gets in its
 * place:
 * - of a plain promise, one that settles with it: what nobody handles stays unhandled, and what is handled is not
 *   reported. Whoever listened to the original beside would lose one or the other;
 * - a promise with members of its own (`.json()` and `cancel` of got's) itself: they are what it was made for. Its
 *   rejection counts as handled from then on;
 * - of another's thenable, what its `then` answers. That is called once, and here, as it may be what begins the work.
 */
export function whenSettled<T>(result: T, settled: Settled): T {
  const then = thenOf(result);
  if (then === undefined) {
    settled();
    return result;
  }
  if (!(result instanceof Promise)) return chainThenable(result, then, settled) as T;
  if (hasMembers(result)) {
    then.call(result, () => settled(), settled);
    return result;
  }
  return then.call(
    result,
    (value) => {
      settled();
      return value;
    },
    (error) => {
      settled(error);
      throw error;
    },
  ) as T;
}

type Then = (onValue: (value: unknown) => unknown, onError: (error: unknown) => unknown) => unknown;

/** What has no `then`, or one that cannot be read, is a value like any other. */
function thenOf(value: unknown): Then | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  try {
    const { then } = value as { then?: unknown };
    return typeof then === 'function' ? (then as Then) : undefined;
  } catch {
    return undefined;
  }
}

/** Symbols don't count: Node puts its own on promises. */
function hasMembers(promise: Promise<unknown>): boolean {
  return (
    Object.getPrototypeOf(promise) !== Promise.prototype || Object.getOwnPropertyNames(promise).length > 0
  );
}

/** Where `then` answers nothing that could be waited for, or has failed before it could, a promise does. */
function chainThenable(thenable: unknown, then: Then, settled: Settled): unknown {
  let isChained = false;
  let hasFailed = false;
  const { promise, resolve, reject } = deferred();
  const chained = then.call(
    thenable,
    (value) => {
      settled();
      resolve(value);
      return value;
    },
    (error) => {
      settled(error);
      reject(error);
      hasFailed = true;
      // Without a chain nobody would catch it.
      if (isChained) throw error;
    },
  );
  isChained = !hasFailed && thenOf(chained) !== undefined;
  return isChained ? chained : promise;
}

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise((...settle) => {
    [resolve, reject] = settle;
  });
  // A mere thenable, which this stands for, ends no program by a failure that is left alone.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
