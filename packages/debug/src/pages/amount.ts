import { byteCount, duration } from './text.ts';

/** What a profile counted, with its unit. */
export function amount(value: number, unit: string): string {
  if (unit === 'nanoseconds') return duration(value / 1e9);
  if (unit === 'bytes') return byteCount(value);
  return value.toLocaleString('en-US');
}

export function percentOf(part: number, whole: number): string {
  return `${(whole > 0 ? (part / whole) * 100 : 0).toFixed(1)} %`;
}
