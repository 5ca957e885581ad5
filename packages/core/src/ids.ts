import { randomFillSync } from 'node:crypto';

/**
 * Ids are drawn as 32-bit integers and become hexadecimal text when somebody asks: formatting both ids costs
 * about as much as everything else a span does, and most spans of a busy process are never looked at.
 */

const POOL_SIZE = 4096; // 16 KiB of randomness: one system call for a thousand spans
const pool = new Int32Array(POOL_SIZE);
let drawn = POOL_SIZE;

function randomInt32(): number {
  if (drawn === POOL_SIZE) {
    randomFillSync(pool);
    drawn = 0;
  }
  return pool[drawn++] as number;
}

/** What every span of a trace shares: the trace id, drawn here or taken over from a remote parent as text. */
export class TraceIdentity {
  private readonly a: number;
  private readonly b: number;
  private readonly c: number;
  private readonly d: number;
  private text: string | undefined;

  constructor(text?: string) {
    this.text = text;
    if (text === undefined) {
      this.a = randomInt32();
      this.b = randomInt32();
      this.c = randomInt32();
      // An id of zeros alone is invalid (W3C trace-context §3.2.2.3): four zeros in a row become a one.
      const d = randomInt32();
      this.d = (this.a | this.b | this.c | d) === 0 ? 1 : d;
    } else {
      this.a = this.b = this.c = this.d = 0;
    }
  }

  get traceId(): string {
    this.text ??= hex64(this.a, this.b) + hex64(this.c, this.d);
    return this.text;
  }
}

/** The first half of a span id; `randomSpanLow` draws the other, which must not be zero when this one is. */
export const randomSpanHigh: () => number = randomInt32;

export function randomSpanLow(high: number): number {
  const low = randomInt32();
  return (high | low) === 0 ? 1 : low;
}

/** Character codes of the sixteen digits. `String.fromCharCode` of them makes a flat string in one go. */
const digits = new Uint8Array(16);
for (let value = 0; value < 16; value++) digits[value] = value.toString(16).charCodeAt(0);

/** Two 32-bit integers as 16 lower-case hexadecimal digits. */
export function hex64(high: number, low: number): string {
  return String.fromCharCode(
    digits[high >>> 28] as number,
    digits[(high >>> 24) & 15] as number,
    digits[(high >>> 20) & 15] as number,
    digits[(high >>> 16) & 15] as number,
    digits[(high >>> 12) & 15] as number,
    digits[(high >>> 8) & 15] as number,
    digits[(high >>> 4) & 15] as number,
    digits[high & 15] as number,
    digits[low >>> 28] as number,
    digits[(low >>> 24) & 15] as number,
    digits[(low >>> 20) & 15] as number,
    digits[(low >>> 16) & 15] as number,
    digits[(low >>> 12) & 15] as number,
    digits[(low >>> 8) & 15] as number,
    digits[(low >>> 4) & 15] as number,
    digits[low & 15] as number,
  );
}
