/** Why a diagnostic action is not done. The message is one sentence for whoever asked. */
export type Refusal =
  /** Another one is under way, or the process is short of memory: later it may be done. */
  | 'busy'
  /** This process cannot do it: the permission model forbids it, or this version of Node has it not. */
  | 'unavailable'
  /** What was asked for makes no sense. */
  | 'invalid'
  /** Whoever asked has gone, or called it off. */
  | 'cancelled';

/** Thrown, or rejected with, by what takes profiles: never by what runs in the program's own code. */
export class DiagnosticError extends Error {
  override readonly name = 'DiagnosticError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal, sentence: string) {
    super(sentence);
    this.refusal = refusal;
  }
}
