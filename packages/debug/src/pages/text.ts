import { withoutSecrets } from '../secrets.ts';

/**
 * Strangers choose URLs, headers and names, so what is shown of them is made harmless and short: control
 * characters become visible, what turns the direction of writing is spelled out, half surrogate pairs are
 * replaced, and the rest of a long value is counted instead of shown.
 */
export function visible(text: string): string {
  return text.toWellFormed().replace(HIDDEN, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code); // ␀ ␁ ␂ …
    return code === 0x7f ? '␡' : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

// C0 without tab and line feed, DEL, C1, and the bidirectional controls and isolates.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const HIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

/** At most `limit` characters of `text`, without credentials, and how long the whole is. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return withoutSecrets(text);
  // One that begins within the limit is known by what is behind it.
  const shown = withoutSecrets(text.slice(0, limit + LOOK_AHEAD));
  const last = shown.charCodeAt(limit - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit;
  return `${shown.slice(0, end)}… (${text.length.toLocaleString('en-US')} characters)`;
}

const LOOK_AHEAD = 1_000;

/** The same on one line. */
export function oneLine(text: string): string {
  return visible(text).replace(/\s/g, ' ');
}

export const TITLE_LIMIT = 200;
export const VALUE_LIMIT = 8_000;

/**
 * A value of somebody's where words belong. What is made of others is `…`: of a map that has a `toString` of its own
 * JavaScript makes no text, but throws.
 */
export function wordOf(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function' ? '…' : String(value);
}

/** A duration for people: three digits and the unit that fits. */
export function duration(seconds: number): string {
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${(seconds * 1e3).toPrecision(3)} ms`;
  if (seconds < 99.95) return `${seconds.toPrecision(3)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The difference of two durations, with its sign; `0` where nobody would see one. */
export function signedDuration(seconds: number): string {
  const size = duration(Math.abs(seconds));
  if (size === '0 µs') return '0';
  return `${seconds < 0 ? '−' : '+'}${size}`;
}

/** x/net/trace's `%.6f`. */
export function elapsed(seconds: number): string {
  return seconds.toFixed(6);
}

/**
 * Go's column of elapsed times, for a monospaced font: below a second, what would be zeros before the first digit is
 * blank, so that orders of magnitude stand below each other. Source: x/net/trace, `elapsed`.
 */
export function alignedElapsed(seconds: number): string {
  const text = elapsed(seconds);
  // Rounded to a second, it is one.
  return text.startsWith('0.')
    ? text.replace(/^0\.0*/, (zeros) => ` .${' '.repeat(zeros.length - 2)}`)
    : text;
}

/** A line's time: the date only where it differs from the line before. Both in ISO 8601. */
export function timeOfDay(time: string, before: string): string {
  return time.slice(0, 10) === before.slice(0, 10) ? time.slice(11).replace('Z', '') : spaced(time);
}

/** `2026-11-23 08:22:01.123456`. */
export function spaced(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '');
}

export function byteCount(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** `1 request`, `2 requests`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
