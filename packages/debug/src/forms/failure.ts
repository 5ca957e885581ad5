import { cut, visible } from '../pages/text.ts';
import type { SpanView } from '../view/trace-view.ts';

/** A stack is read from its top. */
const MAX_CHARACTERS = 2_000;

/** What is told of a failed span where stacks are: its exception, else its status. */
export function failureOf({ events, status }: SpanView): string | undefined {
  const exception = events.find(({ name }) => name === 'exception')?.attributes;
  const text = exception?.['exception.stacktrace'] ?? exception?.['exception.message'] ?? status.message;
  return typeof text === 'string' ? visible(cut(text, MAX_CHARACTERS)) : undefined;
}
