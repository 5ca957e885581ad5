import type { SpanView } from './trace-view.ts';

/** What a span is called: its name, and of a request where it went. */
export function titleOf({ name, target }: Pick<SpanView, 'name' | 'target'>): string {
  return target === undefined ? name : `${name} ${target}`;
}
