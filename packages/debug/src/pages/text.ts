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

/** At most `limit` characters of `text`, and how long the whole is. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit;
  return `${text.slice(0, end)}… (${text.length.toLocaleString('en-US')} characters)`;
}

/** The same on one line. */
export function oneLine(text: string): string {
  return visible(text).replace(/\s/g, ' ');
}

export const TITLE_LIMIT = 200;
export const VALUE_LIMIT = 8_000;

/** A duration for people: three digits and the unit that fits. */
export function duration(seconds: number): string {
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${(seconds * 1e3).toPrecision(3)} ms`;
  if (seconds < 99.95) return `${seconds.toPrecision(3)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** x/net/trace's `%.6f`. */
export function elapsed(seconds: number): string {
  return seconds.toFixed(6);
}

export function byteCount(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
