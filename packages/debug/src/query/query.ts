/**
 * What somebody looks for among the requests: one grammar for the box on the page, the `q` of its address and the API.
 *
 * ```
 * duration>100ms status:5xx                  both
 * route:/orders/* or route:/checkout         either
 * -family:"GET /health" since:10m            not, and started within the last ten minutes
 * user.id=42 db.statement~"select *"         attributes of any span of the request
 * "name"=Ada "my key"=1                      attributes whose keys are no plain words, or words of this grammar
 * has:exception timeout sort:-duration       text anywhere; the slowest first
 * ```
 *
 * For people it is told in docs/QUERY.md.
 */
export interface Query {
  /** `undefined`: everything. */
  readonly condition: Condition | undefined;
  readonly sort: Sort;
  /** How many are shown. */
  readonly limit: number;
}

export interface Sort {
  readonly by: SortKey;
  readonly descending: boolean;
}

export const SORT_KEYS = ['time', 'duration', 'spans', 'errors', 'family'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  /** Anywhere in names, values and ids, in upper or lower case. */
  | { readonly kind: 'text'; readonly text: string }
  /** The request has an attribute, an event or an exception of that name. */
  | { readonly kind: 'has'; readonly name: string }
  | { readonly kind: 'state'; readonly state: State }
  /** HTTP status codes, both ends included. */
  | { readonly kind: 'status'; readonly from: number; readonly to: number }
  /** In seconds. */
  | { readonly kind: 'duration'; readonly operator: Operator; readonly seconds: number }
  | { readonly kind: 'start'; readonly operator: '>=' | '<='; readonly time: Time }
  | { readonly kind: 'field'; readonly field: Field; readonly operator: Operator; readonly value: string }
  | { readonly kind: 'attribute'; readonly key: string; readonly operator: Operator; readonly value: string };

export const STATES = ['error', 'ok', 'running'] as const;
export type State = (typeof STATES)[number];

/** What has a name of its own, beside attributes. */
export const FIELDS = [
  'family',
  'name',
  'route',
  'method',
  'path',
  'kind',
  'trace',
  'span',
  'error',
  'scope',
] as const;
export type Field = (typeof FIELDS)[number];

/** `:` and `=` are one. */
export type Operator = '=' | '!=' | '>' | '>=' | '<' | '<=' | '~' | '!~';

/** A moment, or so many seconds before now. */
export type Time = { readonly epochSeconds: number } | { readonly secondsAgo: number };

export const DEFAULT_SORT: Sort = { by: 'time', descending: true };
export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 500;
