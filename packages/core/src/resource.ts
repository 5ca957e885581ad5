import type { Attributes, AttributeValue } from '@opentelemetry/api';

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

/** A resource whose attributes are all known: frozen, and never pending. */
export function resourceFromAttributes(attributes: Attributes): Resource {
  const known = Object.freeze({ ...attributes });
  return {
    attributes: known,
    merge: (other) =>
      other === null
        ? resourceFromAttributes(known)
        : resourceFromAttributes({ ...known, ...other.attributes }),
    getRawAttributes: () => Object.entries(known),
  };
}
