/** How long the end of a process may wait for its last spans, in milliseconds. */
export const PATIENCE_MILLIS = 3_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What is to be handed over before the process ends. */
export interface Unsent {
  /** Whether there is anything. */
  any(): boolean;
  flush(): Promise<void>;
}

/**
 * Hands over what is unsent when the process ends by itself or by a signal; answers the undo. A signal keeps its
 * meaning: where the program has no handler of its own, the process still dies of it, after the flush or after
 * 3 s, or at once when it comes a second time. `process.exit()`, an uncaught exception and SIGKILL leave no time.
 */
export function flushOnLeaving(leaving: readonly { readonly processor: Unsent }[]): () => void {
  const unsent = together(leaving.map(({ processor }) => processor));
  let undone = false;
  // Node emits this each time the program has nothing left to do: also after the flush, and after more work.
  const onBeforeExit = (): void => {
    if (unsent.any()) void unsent.flush();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // Off at once: others count the listeners to see whether the signal is theirs alone (signal-exit does), and a
    // second signal finds none.
    process.off(signal, onSignal);
    if (process.listenerCount(signal) > 0) {
      void unsent.flush();
      setImmediate(() => {
        if (!undone) process.on(signal, onSignal);
      });
      return;
    }
    const die = (): void => {
      process.kill(process.pid, signal);
    };
    const patience = setTimeout(die, PATIENCE_MILLIS);
    void unsent.flush().finally(() => {
      clearTimeout(patience);
      die();
    });
  };
  process.on('beforeExit', onBeforeExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    undone = true;
    process.off('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function together(all: readonly Unsent[]): Unsent {
  return {
    any: () => all.some((one) => one.any()),
    flush: async () => void (await Promise.all(all.map((one) => one.flush()))),
  };
}
