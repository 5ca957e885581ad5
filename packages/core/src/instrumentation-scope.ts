import type { TracerOptions as ApiTracerOptions } from '@opentelemetry/api';
import type { AnyValue } from './any-value.ts';
import { acceptAttributes, toText } from './attributes.ts';
import type { InstrumentationScope } from './readable-span.ts';
import { warn } from './report.ts';

/** What else tells one instrumentation scope from another. */
export interface TracerOptions extends ApiTracerOptions {
  /** Attributes of the scope, carried once for all its spans. At most 128. */
  attributes?: { readonly [key: string]: AnyValue | undefined };
}

const MAX_SCOPE_ATTRIBUTES = 128;
const unlimited = { attributeValueLengthLimit: Number.POSITIVE_INFINITY, attributeValueDepthLimit: 64 };

/** What was given to `getTracer`, as far as it can be carried. */
export function scopeOf(name: unknown, version: unknown, options: unknown): InstrumentationScope {
  let schemaUrl: unknown;
  let attributes: unknown;
  try {
    ({ attributes, schemaUrl } = (options ?? {}) as TracerOptions);
  } catch (error) {
    warn(`sonde: the options of getTracer() could not be read: ${toText(error)}; they are ignored`);
  }
  const refuser = { refuse: (reason: string) => warn(`sonde: getTracer("${toText(name)}"): ${reason}`) };
  const accepted = acceptAttributes(attributes, MAX_SCOPE_ATTRIBUTES, unlimited, refuser);
  return {
    name: name === undefined || name === null ? '' : toText(name),
    ...(version === undefined || version === null ? {} : { version: toText(version) }),
    ...(schemaUrl === undefined || schemaUrl === null ? {} : { schemaUrl: toText(schemaUrl) }),
    ...(accepted.count === 0 ? {} : { attributes: accepted.attributes }),
    ...(accepted.dropped === 0 ? {} : { droppedAttributesCount: accepted.dropped }),
  };
}
