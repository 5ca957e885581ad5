import { isMainThread } from 'node:worker_threads';
import { type Departing, PATIENCE_MILLIS } from './departing.ts';
import { handOver } from './hand-over.ts';
import { onLeavingBySignal } from './signals.ts';
import { hearMainThread, OtherThreads } from './threads.ts';

/**
 * Hands over what is unsent when the process ends, however it does: by itself, by `process.exit()`, an uncaught exception, an
 * unhandled rejection, or a signal. Answers the undo. Exit code, signal and what is printed stay what they are; nothing
 * keeps the process for more than 3 s. SIGKILL and `process.abort()` leave no time.
 *
 * @param say told what did not arrive
 */
export function flushOnLeaving(departing: readonly Departing[], say: (sentence: string) => void): () => void {
  const anyUnsent = (): boolean => departing.some(({ processor }) => processor.any());
  const flush = async (): Promise<void> => {
    await Promise.all(departing.map(({ processor }) => processor.flush()));
  };
  // A thread that ends takes no other with it; the main one takes all.
  const threads = isMainThread ? new OtherThreads() : undefined;
  let end: number | undefined;
  const handAllOver = (): void => {
    const awaitThreads = end === undefined ? threads?.call() : undefined;
    end ??= begin();
    for (const { otlp, processor } of departing) {
      const patience = end - performance.now();
      if (otlp === undefined || patience <= 0 || !processor.any()) continue;
      const complaint = handOver(processor, otlp, patience);
      if (complaint !== undefined) say(complaint);
    }
    awaitThreads?.(end);
  };
  const begin = (): number => {
    // Whoever comes here did not die.
    setImmediate(() => {
      end = undefined;
    }).unref();
    return performance.now() + PATIENCE_MILLIS;
  };
  // Node emits this each time the program has nothing left to do: also after the flush, and after more work.
  const onBeforeExit = (): void => {
    if (anyUnsent()) void flush();
  };
  process.on('beforeExit', onBeforeExit);
  const undo = [
    onExit(handAllOver),
    onLeavingBySignal({
      anyUnsent,
      flush,
      handAllOver,
      flushesFirst: departing.some(({ processor }) => processor.keeps),
    }),
    threads === undefined ? hearMainThread(handAllOver) : () => threads.stop(),
  ];
  return () => {
    process.off('beforeExit', onBeforeExit);
    for (const restore of undo) restore();
  };
}

/**
 * Before the program's own `exit` listeners, since one of them may call `process.exit()` and end it there, and after them,
 * since they may end spans.
 */
function onExit(leave: () => void): () => void {
  let isWatching = true;
  const leaveLast = (): void => leave();
  const onNewListener = (event: string | symbol, listener: unknown): void => {
    if (event !== 'exit' || listener === leaveLast) return;
    // It is told before the listener is there.
    queueMicrotask(() => {
      process.off('exit', leaveLast);
      if (isWatching) process.on('exit', leaveLast);
    });
  };
  process.prependListener('exit', leave);
  process.on('newListener', onNewListener);
  return () => {
    isWatching = false;
    process.off('newListener', onNewListener);
    process.off('exit', leave);
    process.off('exit', leaveLast);
  };
}
