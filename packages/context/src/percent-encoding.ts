import { type CharClass, charClass, skip } from './char-class.ts';

// What a value may hold as it stands: baggage-octets, without the per cent sign that begins an encoded one.
const PLAIN = charClass('\x21', '\x23-\x24', '\x26-\x2b', '\x2d-\x3a', '\x3c-\x5b', '\x5d-\x7e');

/**
 * `text` with all but `plain` characters as `%` and two digits for each byte of its UTF-8.
 *
 * @param plain default: baggage-octets but the per cent sign
 */
export function percentEncode(text: string, plain: CharClass = PLAIN): string {
  const start = skip(text, 0, plain);
  if (start === text.length) return text;
  let encoded = text.slice(0, start);
  for (const byte of Buffer.from(text.slice(start), 'utf8')) {
    encoded +=
      plain[byte] === 1
        ? String.fromCharCode(byte)
        : `%${byte < 0x10 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  }
  return encoded;
}

/** Bytes that are no UTF-8 become U+FFFD, as W3C Baggage asks; a stray per cent sign stands for itself. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeLeniently(text);
  }
}

const HEX = charClass('0-9', 'A-F', 'a-f');
const PERCENT = 0x25;

function decodeLeniently(text: string): string {
  // Read as bytes: what is beyond ASCII was UTF-8 before.
  const source = Buffer.from(text, 'utf8');
  const bytes = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] as number;
    if (byte === PERCENT && HEX[source[at + 1] ?? 0] === 1 && HEX[source[at + 2] ?? 0] === 1) {
      bytes[length++] = Number.parseInt(source.toString('latin1', at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length++] = byte;
    }
  }
  return bytes.toString('utf8', 0, length);
}
