import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { isWellFormed, parseBaggage, serializeBaggage } from './baggage-header.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

type Entries = ReadonlyMap<string, BaggageEntry>;

/**
 * Baggage that keeps its header and looks into it only when somebody asks: what nobody changed goes out byte for
 * byte. Immutable, as the api asks: each change answers a new one, and entries are copied on their way in and out.
 */
export class LazyBaggage implements Baggage {
  private header: string | undefined;
  private entries: Entries | undefined;

  /** One of both; the other is made of it on demand. */
  private constructor(header: string | undefined, entries: Entries | undefined) {
    this.header = header;
    this.entries = entries;
  }

  /**
   * `undefined` when not one member is valid. Of a header with malformed members, or beyond the limits, the valid
   * ones within the limits are kept.
   */
  static fromHeader(header: string): LazyBaggage | undefined {
    if (isWellFormed(header)) return new LazyBaggage(header, undefined);
    const entries = parseBaggage(header);
    return entries.size === 0 ? undefined : new LazyBaggage(undefined, entries);
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.all().get(key);
    return entry === undefined ? undefined : { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return Array.from(this.all(), ([key, entry]) => [key, { ...entry }]);
  }

  /** Without a name or a text for its value, an entry is none and changes nothing. */
  setEntry(key: string, entry: BaggageEntry): Baggage {
    const copy = safely(() => ({ ...entry }), undefined);
    if (typeof key !== 'string' || key === '' || typeof copy?.value !== 'string') {
      sayOnce('baggage was given an entry without a name or a text for its value, which is left out');
      return this;
    }
    return new LazyBaggage(undefined, new Map(this.all()).set(key, copy));
  }

  removeEntry(key: string): Baggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): Baggage {
    if (!keys.some((key) => this.all().has(key))) return this;
    const entries = new Map(this.all());
    for (const key of keys) entries.delete(key);
    return new LazyBaggage(undefined, entries);
  }

  clear(): Baggage {
    return new LazyBaggage('', undefined);
  }

  /** The header's value; empty when there is nothing to send. */
  serialize(): string {
    this.header ??= serializeBaggage([...this.all()]);
    return this.header;
  }

  private all(): Entries {
    this.entries ??= parseBaggage(this.header ?? '');
    return this.entries;
  }
}
