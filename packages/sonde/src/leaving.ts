/** How long a signal waits for the last spans, in milliseconds. */
const PATIENCE_MILLIS = 3_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Calls `flush` when the process ends by itself or by a signal; answers the undo. A signal keeps its meaning: where
 * the program has no handler of its own, the process still dies of it, after the flush or after 3 s, or at once
 * when it comes a second time. `process.exit()` and SIGKILL leave no time to flush.
 */
export function flushOnLeaving(flush: () => Promise<void>): () => void {
  const onBeforeExit = (): void => void flush();
  let leaving = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) {
      void flush();
      return;
    }
    if (leaving) {
      die(signal);
      return;
    }
    leaving = true;
    const patience = setTimeout(() => die(signal), PATIENCE_MILLIS);
    void flush().finally(() => {
      clearTimeout(patience);
      die(signal);
    });
  };
  const die = (signal: NodeJS.Signals): void => {
    process.off(signal, onSignal);
    process.kill(process.pid, signal);
  };
  process.once('beforeExit', onBeforeExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    process.off('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
