/**
 * What the value of an attribute may be: OpenTelemetry's `AnyValue`. Maps are plain objects, bytes a `Uint8Array`
 * (a Buffer is one). Arrays and maps are copied through all their depth, at most 10,000 elements of them: scalars cost
 * less. The types of `@opentelemetry/api` 1.9 know scalars and arrays of one scalar type only; at run
 * time the exporters of its time carry all of this.
 *
 * Source: OpenTelemetry specification, Common, "AnyValue".
 */
export type AnyValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly (AnyValue | undefined)[]
  | { readonly [key: string]: AnyValue | undefined };
