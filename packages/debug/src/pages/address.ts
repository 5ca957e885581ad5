import { cut } from './text.ts';

/** What chooses a view of `/requests` and `/events`, by x/net/trace's names. */
export interface Choice {
  readonly fam: string;
  readonly b: number | undefined;
  /** `b` as it was written, cut. */
  readonly written: string;
}

/** Family and bucket; both are needed, else the plain page is meant. */
export function choiceOf(query: URLSearchParams): Choice | undefined {
  const fam = query.get('fam');
  const b = query.get('b');
  if (fam === null || b === null) return undefined;
  return { fam, b: /^-?\d{1,3}$/.test(b) ? Number(b) : undefined, written: cut(b, 20) };
}

/** Go's `strconv.ParseBool`: anything else is no. */
export function isTrue(value: string | null): boolean {
  return value !== null && /^(?:1|t|T|true|TRUE|True)$/.test(value);
}

/** Parts of an address that stay from one view to the next. */
export interface Flags {
  readonly exp?: boolean;
  readonly rtraced?: boolean;
  /** `show_sensitive=0`: whoever hides something keeps it hidden. */
  readonly hide?: boolean;
}

/** The query of a view, `?` included: relative to the page that it is on, whatever the mount point. */
export function addressOf(fam: string, b: number, { exp, hide, rtraced }: Flags = {}): string {
  return `?fam=${encodeURIComponent(fam.toWellFormed())}&b=${b}${exp ? '&exp=1' : ''}${rtraced ? '&rtraced=1' : ''}${hide ? '&show_sensitive=0' : ''}`;
}
