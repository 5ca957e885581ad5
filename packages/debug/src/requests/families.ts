import type { ReadableSpan } from '../readable-span.ts';
import { Family, familyOf, joined, methodOf, targetOf } from './family.ts';

export const OVERFLOW_FAMILY = '(other families)';

/** The families of a store by name, as many as there may be; then all others in one. */
export class Families {
  private readonly byName = new Map<string, Family>();
  /**
   * The same, by the two parts of their names, each a string that is most often the same one each time, such as a route:
   * to put them together, and to look that up, costs as much as all the rest of a request's end.
   */
  private readonly byMethod = new Map<string | undefined, Map<string, Family>>();
  /** Of these, the one that was asked last, and for whom. */
  private method: string | undefined = undefined;
  private byTarget = new Map<string, Family>();
  private readonly max: number;
  private readonly perBucket: number;
  private readonly drops: { overflowRequests: number };
  private readonly onNew: () => void;

  constructor(max: number, perBucket: number, drops: { overflowRequests: number }, onNew: () => void) {
    this.max = max;
    this.perBucket = perBucket;
    this.drops = drops;
    this.onNew = onNew;
  }

  /** How many parts of names lead to a family: as many as there are families at most. */
  get remembered(): number {
    let count = 0;
    for (const byTarget of this.byMethod.values()) count += byTarget.size;
    return count;
  }

  get(name: string): Family | undefined {
    return this.byName.get(name);
  }

  values(): Iterable<Family> {
    return this.byName.values();
  }

  /** The family that a span's request belongs to, made when there is room for it. */
  ofSpan(root: ReadableSpan): Family {
    const method = methodOf(root);
    const target = targetOf(root, method);
    if (method !== this.method) this.turnTo(method);
    return this.byTarget.get(target) ?? this.ofParts(root, target);
  }

  named(name: string): Family {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    if (this.byName.size < this.max) return this.make(name);
    this.drops.overflowRequests++;
    return this.byName.get(OVERFLOW_FAMILY) ?? this.make(OVERFLOW_FAMILY);
  }

  /** One that was read from a file. */
  adopt(family: Family): void {
    this.byName.set(family.name, family);
  }

  private make(name: string): Family {
    const family = new Family(name, this.perBucket);
    this.byName.set(name, family);
    this.onNew();
    return family;
  }

  private turnTo(method: string | undefined): void {
    this.method = method;
    this.byTarget = this.byMethod.get(method) ?? new Map<string, Family>();
  }

  private ofParts(root: ReadableSpan, target: string): Family {
    const family = this.named(familyOf(root));
    // One place for each family, as they are bounded: targets whose name was cut, or rid of credentials, or which went into
    // the overflow, may be without number.
    if (family.name !== joined(this.method, target)) return family;
    this.byMethod.set(this.method, this.byTarget.set(target, family));
    return family;
  }
}
