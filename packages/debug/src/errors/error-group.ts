import { secondsBetween } from '../readable-span.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import type { Occurrence } from './occurrences.ts';

/** So many examples are remembered: the latest. */
const MAX_EXAMPLES = 3;

/** One error, and the requests in which it happened. */
export interface Example {
  readonly error: Occurrence;
  readonly request: AnyRequest;
}

/** The same error in many requests. */
export class ErrorGroup {
  requests: number = 0;
  first: Occurrence;
  last: Occurrence;
  /** Requests by family. */
  readonly families: Map<string, number> = new Map();
  private remembered: Example[] = [];

  constructor(error: Occurrence) {
    this.first = this.last = error;
  }

  add(error: Occurrence, request: AnyRequest): void {
    const { family } = request;
    this.requests++;
    this.families.set(family, (this.families.get(family) ?? 0) + 1);
    if (secondsBetween(this.last.time, error.time) > 0) this.last = error;
    if (secondsBetween(error.time, this.first.time) > 0) this.first = error;
    this.remembered.push({ error, request });
    if (this.remembered.length > 10 * MAX_EXAMPLES) this.remembered = this.examples();
  }

  /** The latest, the last one first, each of another trace: what is tried three times fails three times in one. */
  examples(): Example[] {
    const byTrace = new Map<unknown, Example>();
    for (const example of this.remembered.toSorted((a, b) => secondsBetween(a.error.time, b.error.time))) {
      const trace = traceOf(example.request);
      if (!byTrace.has(trace)) byTrace.set(trace, example);
      if (byTrace.size === MAX_EXAMPLES) break;
    }
    return [...byTrace.values()];
  }
}

function traceOf(request: AnyRequest): unknown {
  return request.kind === 'spans' ? request.root.spanContext().traceId : request;
}
