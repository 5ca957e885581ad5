/** A span in one process below a span in another, both by their own clocks, in seconds. */
export interface Crossing {
  /** Whose clock the parent's times are of. */
  readonly caller: number;
  /** Whose clock the child's times are of. */
  readonly callee: number;
  readonly parentStart: number;
  readonly childStart: number;
  /** Set where the parent waited for the child's end: a CLIENT span that got its answer, and the SERVER span of it. */
  readonly ends?: { readonly parent: number; readonly child: number } | undefined;
}

/**
 * A server may end its span so long after the client has read the answer, when its event loop is busy: no reason to doubt
 * a clock, in seconds.
 */
const SLACK = 0.1;

/**
 * How far the clock of each process is ahead of that of process 0, in seconds; 0 for those that need no correction. What
 * is called cannot have begun before its caller, nor after the caller was answered, nor does it end long after. Where
 * clocks say so, the callee is moved to the middle of the room that its caller leaves, as NTP assumes: both ways take
 * equally long.
 * Where there is no such room, starts count and ends do not.
 *
 * @param count of processes; those that no crossing ties to process 0 are taken as they are
 */
export function clockOffsets(count: number, crossings: readonly Crossing[]): number[] {
  const between = roomsBetween(crossings);
  const offsets = new Array<number>(count).fill(0);
  const known = new Set<number>();
  for (let start = 0; start < count; start++) {
    if (known.has(start)) continue;
    known.add(start);
    const waiting = [start];
    for (let from = waiting.pop(); from !== undefined; from = waiting.pop()) {
      for (const [to, room] of between.get(from) ?? []) {
        if (known.has(to)) continue;
        known.add(to);
        offsets[to] = (offsets[from] as number) + offsetWithin(room);
        waiting.push(to);
      }
    }
  }
  return offsets;
}

/** Where one clock can be against another, as far as the starts of spans and their ends tell. */
interface Room {
  readonly starts: Range;
  readonly ends: Range;
}

type Range = readonly [least: number, most: number];

const anywhere: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

function both(a: Range, b: Range): Range {
  return [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
}

/** By process, then by each that it has to do with: where the other's clock can be, against the first's. */
function roomsBetween(crossings: readonly Crossing[]): Map<number, Map<number, Room>> {
  const rooms = new Map<number, Map<number, Room>>();
  const narrow = (from: number, to: number, starts: Range, ends: Range): void => {
    const row = rooms.get(from) ?? new Map<number, Room>();
    const room = row.get(to) ?? { starts: anywhere, ends: anywhere };
    rooms.set(from, row.set(to, { starts: both(room.starts, starts), ends: both(room.ends, ends) }));
  };
  for (const { callee, caller, childStart, ends, parentStart } of crossings) {
    const most = childStart - parentStart;
    const least = ends === undefined ? Number.NEGATIVE_INFINITY : childStart - ends.parent;
    const leastByEnd = ends === undefined ? Number.NEGATIVE_INFINITY : ends.child - ends.parent;
    narrow(caller, callee, [least, most], [leastByEnd, Number.POSITIVE_INFINITY]);
    narrow(callee, caller, [-most, -least], [Number.NEGATIVE_INFINITY, -leastByEnd]);
  }
  return rooms;
}

function offsetWithin({ ends, starts }: Room): number {
  const [least, most] = both(starts, ends);
  const [wideLeast, wideMost] = both(starts, [ends[0] - SLACK, ends[1] + SLACK]);
  if (wideLeast <= 0 && wideMost >= 0) return 0;
  if (least > most) return Math.min(Math.max(0, starts[0]), starts[1]);
  if (least === Number.NEGATIVE_INFINITY) return most;
  return most === Number.POSITIVE_INFINITY ? least : (least + most) / 2;
}
