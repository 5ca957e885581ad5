import { PATIENCE_MILLIS } from './departing.ts';

/** Of those that end a process. On Windows SIGHUP says that the console is closed, and Node cannot die of it. */
const SIGNALS: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGINT',
  ...(process.platform === 'win32' ? [] : (['SIGHUP'] as const)),
];

/** What is done with the spans before the process dies. */
interface Parting {
  anyUnsent(): boolean;
  flush(): Promise<void>;
  /** Whether `flush` does more than `handAllOver`, and is worth that the program goes on meanwhile. */
  readonly flushesFirst: boolean;
  /** Blocks. */
  handAllOver(): void;
}

/**
 * A signal keeps its meaning: where the program has no handler of its own, the process dies of it as soon as its spans are
 * handed over, or at once when it comes a second time. Where it has one, that decides, and the spans are sent beside it.
 * Answers the undo.
 */
export function onLeavingBySignal(parting: Parting): () => void {
  let undone = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Off at once: others count the listeners to see whether the signal is theirs alone (signal-exit does), and a
    // second signal finds none.
    process.off(signal, onSignal);
    if (process.listenerCount(signal) === 0) {
      die(signal, parting);
      return;
    }
    const restore = beforeOwnKill(parting.handAllOver);
    setImmediate(() => {
      restore();
      if (undone) return;
      process.on(signal, onSignal);
      // Not earlier: what is on its way when a handler calls `process.exit()` is sent twice.
      if (parting.anyUnsent()) void parting.flush();
    });
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    undone = true;
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function die(signal: NodeJS.Signals, { anyUnsent, flush, flushesFirst, handAllOver }: Parting): void {
  const kill = (): void => {
    process.kill(process.pid, signal);
  };
  if (!flushesFirst || !anyUnsent()) handAllOver();
  if (!anyUnsent()) {
    kill();
    return;
  }
  // What only the event loop can send.
  const patience = setTimeout(kill, PATIENCE_MILLIS);
  void flush().finally(() => {
    clearTimeout(patience);
    handAllOver();
    kill();
  });
}

/**
 * Handlers that clean up and then kill their own process with the same signal (signal-exit, node-cleanup) leave no later
 * moment. Answers the undo.
 */
function beforeOwnKill(leave: () => void): () => void {
  const { kill } = process;
  const watched: typeof kill = (pid, signal) => {
    if (pid === process.pid && signal !== 0) leave();
    return kill.call(process, pid, signal);
  };
  process.kill = watched;
  return () => {
    if (process.kill === watched) process.kill = kill;
  };
}
