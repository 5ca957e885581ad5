export type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;

export interface Emitting {
  emit: Emit;
}

/** What was there before a wrap. */
export interface Behind {
  /** Inherited, it is looked up at each call: somebody may wrap EventEmitter's later. */
  readonly emit: Emit;
  /** False once the wrap was undone: whoever wrapped after us goes on to call it, and it only passes on. */
  readonly active: boolean;
}

class Original implements Behind {
  active = true;
  readonly own: Emit | undefined;
  private readonly base: Emitting;

  constructor(prototype: Emitting) {
    this.own = Object.hasOwn(prototype, 'emit') ? prototype.emit : undefined;
    this.base = Object.getPrototypeOf(prototype) as Emitting;
  }

  get emit(): Emit {
    return this.own ?? this.base.emit;
  }
}

/** Puts another `emit` in the place of a class's own or inherited one; answers the undo. */
export function wrapEmit(prototype: Emitting, make: (behind: Behind) => Emit): () => void {
  const original = new Original(prototype);
  const wrapped = make(original);
  prototype.emit = wrapped;
  return () => {
    original.active = false;
    if (prototype.emit !== wrapped) return;
    if (original.own === undefined) delete (prototype as Partial<Emitting>).emit;
    else prototype.emit = original.own;
  };
}
