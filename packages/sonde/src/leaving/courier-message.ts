import type { MessagePort } from 'node:worker_threads';
import type { OtlpSettings } from '../otlp/settings.ts';

/** What the courier is given for its way. */
export interface CourierData extends Pick<OtlpSettings, 'compression' | 'tls'> {
  readonly url: string;
  /** All but the length of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** In come {@link Letter}s, and `null` after the last; out go reasons why the collector did not take one. */
  readonly letters: MessagePort;
  /** See {@link DONE} and {@link ACCEPTED}. */
  readonly shared: Int32Array;
  /** Longer, nobody waits. */
  readonly patienceMillis: number;
}

/** One request: its body, and how many spans are in it. */
export interface Letter {
  readonly body: Uint8Array;
  readonly spans: number;
}

/** Place in `shared`: 1 when there is nothing left to do. */
export const DONE = 0;
/** Place in `shared`: how many spans the collector has taken. */
export const ACCEPTED = 1;
