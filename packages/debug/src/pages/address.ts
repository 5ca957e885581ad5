import { cut, TITLE_LIMIT } from './text.ts';

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
function isTrue(value: string | null): boolean {
  return value !== null && /^(?:1|t|T|true|TRUE|True)$/.test(value);
}

/** As on Go's page, both `fam` and `b` are needed to choose a bucket; what is not there is said. */
export function noBucket({ fam, written }: Choice): string {
  return `There is no bucket ${written} of a family ${cut(fam, TITLE_LIMIT)}.`;
}

/** How a view is looked at: parts of an address that stay from one view to the next. */
export interface Flags {
  readonly exp: boolean;
  readonly rtraced: boolean;
  /** `show_sensitive=0`: whoever hides something keeps it hidden. */
  readonly hide: boolean;
}

export function flagsOf(query: URLSearchParams): Flags {
  return {
    exp: isTrue(query.get('exp')),
    rtraced: isTrue(query.get('rtraced')),
    // One way, as in Go: 1 shows nothing to those who may not see it.
    hide: query.get('show_sensitive') === '0',
  };
}

/** The query of a view, `?` included: relative to the page that it is on, whatever the mount point. */
export function addressOf(fam: string, b: number, { exp, hide, rtraced }: Partial<Flags> = {}): string {
  return `?fam=${encodeURIComponent(fam.toWellFormed())}&b=${b}${exp ? '&exp=1' : ''}${rtraced ? '&rtraced=1' : ''}${hide ? '&show_sensitive=0' : ''}`;
}

/** The same for a query: of the page `/requests`. */
export function searchAddress(q: string, { exp, hide }: Partial<Flags> = {}): string {
  return `?q=${encodeURIComponent(q.toWellFormed())}${exp ? '&exp=1' : ''}${hide ? '&show_sensitive=0' : ''}`;
}

/** How the page of a trace is looked at. */
export interface TraceLook {
  /** Spans that took less than this share of the trace, from 0 to 1, are left out, unless they failed. */
  readonly leastShare: number;
  /** As this process alone saw it. */
  readonly alone: boolean;
  readonly hide: boolean;
}

export const WHOLE_TRACE: TraceLook = { leastShare: 0, alone: false, hide: false };

/** `min=1`: spans under one percent of the trace are left out. */
export function traceLookOf(query: URLSearchParams): TraceLook {
  const percent = query.get('min') ?? '';
  return {
    leastShare: /^\d{1,2}(?:\.\d{1,3})?$/.test(percent) ? Number(percent) / 100 : 0,
    alone: query.get('peers') === '0',
    hide: flagsOf(query).hide,
  };
}

/** The query of it: relative to the page of the trace, or to a form of it. */
export function traceAddress({ alone, hide, leastShare }: TraceLook): string {
  const percent = Number((leastShare * 100).toFixed(3));
  const parts = [percent > 0 && `min=${percent}`, alone && 'peers=0', hide && 'show_sensitive=0'];
  return `?${parts.filter((part) => part !== false).join('&')}`;
}
