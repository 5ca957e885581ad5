/** Puts a method of this object's own before the one it has; answers how to take it off again. */
export function shadow<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  method: Owner[Name],
): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  // As methods are: not to be seen by who copies or lists the properties.
  Object.defineProperty(owner, name, { value: method, writable: true, configurable: true });
  return () => {
    // Whoever put another one over it keeps it in his chain.
    if (owner[name] !== method) return;
    if (before === undefined) delete owner[name];
    else Object.defineProperty(owner, name, before);
  };
}
