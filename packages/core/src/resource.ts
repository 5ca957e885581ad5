import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { acceptAttributes } from './attributes.ts';
import { warn } from './report.ts';

/** One attribute of a resource, perhaps still being found out. OpenTelemetry's shape. */
export type RawResourceAttribute = [
  key: string,
  value: AttributeValue | Promise<AttributeValue | undefined> | undefined,
];

/**
 * What produces the spans: service, process, host. Structurally the `Resource` of `@opentelemetry/resources`,
 * whose objects a `TracerProvider` takes unchanged; `resourceFromAttributes()` makes one without that package.
 *
 * Exporters group spans by the identity of this object, so a provider hands the same one to all its spans.
 */
export interface Resource {
  readonly attributes: Attributes;
  readonly schemaUrl?: string;
  readonly asyncAttributesPending?: boolean;
  waitForAsyncAttributes?(): Promise<void>;
  merge(other: Resource | null): Resource;
  getRawAttributes(): RawResourceAttribute[];
}

/** Resources are exempt from limits (specification, Common, "Attribute Limits"). */
const unlimited = { attributeValueLengthLimit: Number.POSITIVE_INFINITY, attributeValueDepthLimit: 64 };

/** A resource whose attributes are all known: frozen, and never pending. What cannot be one is left out and said. */
export function resourceFromAttributes(attributes: Attributes): Resource {
  const refuser = { refuse: (reason: string) => warn(`sonde: resource: ${reason}`) };
  const accepted = acceptAttributes(attributes, Number.POSITIVE_INFINITY, unlimited, refuser);
  const known = Object.freeze(accepted.attributes);
  return {
    attributes: known,
    merge: (other) => resourceFromAttributes({ ...known, ...attributesOf(other) }),
    getRawAttributes: () => Object.entries(known),
  };
}

function attributesOf(resource: Resource | null | undefined): Attributes {
  try {
    const attributes: unknown = resource?.attributes;
    return typeof attributes === 'object' ? { ...attributes } : {};
  } catch {
    return {};
  }
}
