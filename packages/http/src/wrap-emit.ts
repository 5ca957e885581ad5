export type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;

export interface Emitting {
  emit: Emit;
}

/** The `emit` that was there. Inherited, it is looked up at each call: somebody may wrap EventEmitter's later. */
export interface Behind {
  readonly emit: Emit;
}

/** Puts another `emit` in the place of a class's own or inherited one; answers the undo. */
export function wrapEmit(prototype: Emitting, make: (behind: Behind) => Emit): () => void {
  const own = Object.hasOwn(prototype, 'emit') ? prototype.emit : undefined;
  const behind: Behind = own === undefined ? (Object.getPrototypeOf(prototype) as Emitting) : { emit: own };
  const wrapper = make(behind);
  let active = true;
  const wrapped: Emit = function (event, ...args) {
    return active ? wrapper.call(this, event, ...args) : behind.emit.call(this, event, ...args);
  };
  prototype.emit = wrapped;
  return () => {
    // Whoever wrapped after us goes on to call this one, which then only passes on.
    active = false;
    if (prototype.emit !== wrapped) return;
    if (own === undefined) delete (prototype as Partial<Emitting>).emit;
    else prototype.emit = own;
  };
}
