/**
 * The timers and clock as they were before a test put fake ones in their place, which nobody would move on while
 * `collect` waits.
 */
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate;
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;
export const now: () => number = Date.now.bind(Date);
