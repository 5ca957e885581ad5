import { Attempts } from './attempts.ts';
import type { TraceSource } from './client-trace.ts';

/** A request that has no connection yet, of a client that says nothing when its caller gives it up. */
export interface Unconnected {
  end(err: Error, inferred: true): void;
}

/**
 * What travels in the AsyncLocalStorage: a token that is emptied when the work of its scope is over. Node keeps
 * the store of whoever dialed a connection alive for as long as the connection idles in its pool, and with it
 * everything that the store refers to; a hollow token keeps no hook alive.
 */
export class Scope {
  source: TraceSource | undefined;
  readonly outer: Scope | undefined;
  readonly attempts: Attempts = new Attempts();
  readonly unconnected: Set<Unconnected> = new Set();
  private openRequests = 0;
  /** Whether the scope's function has returned and, if that was a promise, settled. */
  private settled = false;

  private readonly onClose: () => void;

  constructor(source: TraceSource, outer: Scope | undefined, onClose: () => void) {
    this.source = source;
    this.outer = outer;
    this.onClose = onClose;
  }

  begin(): void {
    this.openRequests++;
    this.outer?.begin();
  }

  end(): void {
    this.openRequests--;
    this.closeIfOver();
    this.outer?.end();
  }

  /** `reason`: what the scope's function was rejected with. If it was aborted, so are requests that say nothing. */
  settle(reason?: unknown): void {
    if (isAbort(reason)) for (const request of [...this.unconnected]) request.end(reason, true);
    this.settled = true;
    this.closeIfOver();
  }

  private closeIfOver(): void {
    if (this.settled && this.openRequests === 0 && this.source !== undefined) {
      this.source = undefined;
      this.attempts.clear();
      this.onClose();
    }
  }
}

function isAbort(reason: unknown): reason is Error {
  return reason instanceof Error && (reason.name === 'AbortError' || reason.name === 'TimeoutError');
}
