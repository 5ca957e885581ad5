import type { TracerOptions as ApiTracerOptions } from '@opentelemetry/api';
import type { AnyValue } from './any-value.ts';
import { acceptAttributes, toText } from './attributes.ts';
import type { InstrumentationScope } from './readable-span.ts';

/** What else tells one instrumentation scope from another. */
export interface TracerOptions extends ApiTracerOptions {
  /** Attributes of the scope, carried once for all its spans. At most 128. */
  attributes?: { readonly [key: string]: AnyValue | undefined };
}

const MAX_SCOPE_ATTRIBUTES = 128;
const unlimited = { attributeValueLengthLimit: Number.POSITIVE_INFINITY, attributeValueDepthLimit: 64 };

/** What was given to `getTracer`, as far as it can be carried; `tell` hears of what cannot. */
export function scopeOf(
  name: unknown,
  version: unknown,
  options: unknown,
  tell: (problem: string) => void,
): InstrumentationScope {
  const scopeName = name === undefined || name === null ? '' : toText(name);
  if (scopeName === '') tell('it was called without a name; name the library or module that makes the spans');
  let schemaUrl: unknown;
  let attributes: unknown;
  try {
    ({ attributes, schemaUrl } = (options ?? {}) as TracerOptions);
  } catch (error) {
    tell(`its options could not be read: ${toText(error)}; they are ignored`);
  }
  const accepted = acceptAttributes(attributes, MAX_SCOPE_ATTRIBUTES, unlimited, { refuse: tell });
  return {
    name: scopeName,
    ...(version === undefined || version === null ? {} : { version: toText(version) }),
    ...(schemaUrl === undefined || schemaUrl === null ? {} : { schemaUrl: toText(schemaUrl) }),
    ...(accepted.count === 0 ? {} : { attributes: accepted.attributes }),
    ...(accepted.dropped === 0 ? {} : { droppedAttributesCount: accepted.dropped }),
  };
}
