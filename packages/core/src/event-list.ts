import type { Attributes } from '@opentelemetry/api';
import { type Anchor, toWall } from './clock.ts';
import { attributesBytes, BYTES_PER_EVENT } from './content-bytes.ts';
import type { TimedEvent } from './readable-span.ts';

/** An event as it was told. */
class Told {
  readonly name: string;
  readonly attributes: Attributes;
  readonly droppedAttributes: number;
  readonly at: bigint;
  next: Told | undefined = undefined;

  constructor(name: string, attributes: Attributes, droppedAttributes: number, at: bigint) {
    this.name = name;
    this.attributes = attributes;
    this.droppedAttributes = droppedAttributes;
    this.at = at;
  }
}

/**
 * The events of one span, the oldest first. They wait in a chain, one small object for each, and become
 * {@link TimedEvent}s when somebody reads them: most never are. An array of those, made at once with their
 * wall-clock times, took twice the objects and, among other work, twice the time.
 */
export class EventList {
  /** How many were dropped because there were too many. */
  dropped = 0;
  private first: Told | undefined = undefined;
  private last: Told | undefined = undefined;
  private waiting = 0;
  /** What was read already; whoever reads may have changed it. */
  private timed: TimedEvent[] | undefined = undefined;

  get bytes(): number {
    let bytes = 0;
    if (this.timed !== undefined) {
      for (const { attributes } of this.timed) bytes += BYTES_PER_EVENT + attributesBytes(attributes);
    }
    for (let event = this.first; event !== undefined; event = event.next) {
      bytes += BYTES_PER_EVENT + attributesBytes(event.attributes);
    }
    return bytes;
  }

  /** Whether there was room: if not, the oldest is dropped. */
  add(name: string, attributes: Attributes, droppedAttributes: number, at: bigint, limit: number): boolean {
    const event = new Told(name, attributes, droppedAttributes, at);
    if (this.last === undefined) this.first = event;
    else this.last.next = event;
    this.last = event;
    this.waiting++;
    const read = this.timed === undefined ? 0 : this.timed.length;
    if (this.waiting + read <= limit) return true;
    this.dropOldest();
    return false;
  }

  private dropOldest(): void {
    this.dropped++;
    if (this.timed?.shift() !== undefined) return;
    this.first = this.first?.next;
    if (this.first === undefined) this.last = undefined;
    this.waiting--;
  }

  /** The same array each time. */
  read(anchor: Anchor): TimedEvent[] {
    this.timed ??= [];
    for (let event = this.first; event !== undefined; event = event.next) {
      this.timed.push({
        name: event.name,
        attributes: event.attributes,
        time: toWall(event.at, anchor),
        droppedAttributesCount: event.droppedAttributes,
      });
    }
    this.first = this.last = undefined;
    this.waiting = 0;
    return this.timed;
  }
}
