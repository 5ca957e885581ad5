import type { SpanContext, TraceState } from '@opentelemetry/api';

/**
 * Ids are drawn when somebody asks, as 32-bit integers, and become hexadecimal text when somebody asks for that:
 * formatting both ids costs about as much as everything else a span does, and most spans of a busy process are
 * never looked at.
 */

const POOL_SIZE = 4096; // 16 KiB of randomness: one system call for a thousand spans
const pool = new Int32Array(POOL_SIZE);
let drawn = POOL_SIZE;

function randomInt32(): number {
  if (drawn === POOL_SIZE) {
    // Loaded when the first id is drawn: a third of what the import of this package would take.
    process.getBuiltinModule('node:crypto').randomFillSync(pool);
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

/**
 * The ids of one span, and what else it hands on to its children and to other processes. Made when somebody asks
 * for the first time: a span that has no children and is never looked at needs none.
 *
 * It knows nothing of the parent: a reference would keep every ancestor of a long chain (a timer that starts the
 * next one inside its own span) in memory for ever.
 */
export class SpanIds {
  readonly trace: TraceIdentity;
  readonly flags: number;
  readonly traceState: TraceState | undefined;
  /** The span id, as two 32-bit integers or, from an id generator, as text. */
  private readonly high: number;
  private readonly low: number;
  private text: string | undefined;
  private context: SpanContext | undefined = undefined;

  constructor(trace: TraceIdentity, flags: number, traceState: TraceState | undefined, spanId?: string) {
    this.trace = trace;
    this.flags = flags;
    this.traceState = traceState;
    this.text = spanId;
    if (spanId === undefined) {
      this.high = randomInt32();
      const low = randomInt32();
      this.low = (this.high | low) === 0 ? 1 : low;
    } else {
      this.high = this.low = 0;
    }
  }

  get spanId(): string {
    this.text ??= hex64(this.high, this.low);
    return this.text;
  }

  /** The same object at every call. */
  get spanContext(): SpanContext {
    this.context ??= {
      traceId: this.trace.traceId,
      spanId: this.spanId,
      traceFlags: this.flags,
      ...(this.traceState === undefined ? {} : { traceState: this.traceState }),
    };
    return this.context;
  }
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
