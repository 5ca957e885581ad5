import { v8 } from '../v8.ts';
import { DiagnosticError } from './diagnostic-error.ts';
import { registry } from './registry.ts';

/** Beyond this part of its heap's limit, a process has other worries. */
const FULL = 0.9;

/** What is under way: `a CPU profile`, …; undefined when nothing is. */
export function underWay(): string | undefined {
  return registry().busy;
}

/**
 * Does something that costs the process a good deal, one at a time in a process.
 *
 * @param name what is under way, for those who are turned away: `a CPU profile`
 * @throws {DiagnosticError} `busy`
 */
export async function heavyAction<T>(name: string, action: () => Promise<T>): Promise<T> {
  const state = registry();
  if (state.busy !== undefined) {
    throw new DiagnosticError(
      'busy',
      `${state.busy} is being taken in this process; ask again when it is done`,
    );
  }
  const { heap_size_limit: limit, used_heap_size: used } = v8().getHeapStatistics();
  if (used > limit * FULL) {
    const percent = Math.round((used / limit) * 100);
    throw new DiagnosticError(
      'busy',
      `the heap is at ${percent} % of its limit, and ${name} needs room; ask again when there is some, or raise --max-old-space-size`,
    );
  }
  state.busy = name;
  try {
    return await action();
  } finally {
    state.busy = undefined;
  }
}
