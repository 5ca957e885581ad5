import { secondsBetween } from '../readable-span.ts';
import type { Listed } from './listed.ts';

/**
 * Requests that run. Each knows its place, and the last one takes the place of one that leaves: one pointer is written
 * for a request, where a chain through the requests wants two to four, each with V8's write barrier, and a Set costs 60
 * to 160 ns. Order is made when somebody looks.
 */
export class ActiveList {
  size = 0;
  private readonly places: (Listed | undefined)[] = [];

  add(request: Listed): void {
    request.slot = this.size;
    this.places[this.size++] = request;
  }

  remove(request: Listed): void {
    const { places } = this;
    const last = places[--this.size] as Listed;
    places[request.slot] = last;
    last.slot = request.slot;
    places[this.size] = undefined;
    request.slot = -1;
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<Listed> {
    for (let i = 0; i < this.size; i++) yield this.places[i] as Listed;
  }

  oldestFirst(): Listed[] {
    const running = this.places.slice(0, this.size) as Listed[];
    const byStart = running.map((request) => ({ request, start: request.startTime }));
    return byStart.sort((a, b) => secondsBetween(b.start, a.start)).map(({ request }) => request);
  }
}
