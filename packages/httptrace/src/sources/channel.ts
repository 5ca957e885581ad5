import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { guarded } from '../report.ts';

/** Subscribes to a diagnostics channel; answers the undo. */
export function onChannel<Message>(name: string, listener: (message: Message) => void): () => void {
  const subscriber = guarded(`the listener for ${name}`, (message: unknown) => listener(message as Message));
  subscribe(name, subscriber);
  return () => {
    unsubscribe(name, subscriber);
  };
}

/**
 * Puts `wrapper` in the place of a method; answers the undo. If somebody else has wrapped the method since, ours
 * stays in their chain and only passes on.
 */
export function wrapMethod<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  wrapper: (original: Owner[Name]) => Owner[Name],
): () => void {
  const inherited = !Object.hasOwn(owner, name);
  const original = owner[name];
  const wrapped = wrapper(original);
  let active = true;
  const method = function (this: unknown, ...args: unknown[]): unknown {
    return (active ? (wrapped as Method) : (original as Method)).apply(this, args);
  };
  owner[name] = method as Owner[Name];
  return () => {
    active = false;
    if (owner[name] !== (method as Owner[Name])) return;
    if (inherited) delete owner[name];
    else owner[name] = original;
  };
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
