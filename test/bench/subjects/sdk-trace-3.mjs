// OpenTelemetry's 3.x line, with api 1.10; it has a folder of its own for the interop tests.
import { openTelemetrySdk } from './opentelemetry-sdk.mjs';

export const folder = new URL('../../interop/otel3/', import.meta.url);

export const setups = ['recording', 'unsampled', 'memory', 'import'];
export const runsOn = (node) => node >= 22;
export const { entries, start, version } = openTelemetrySdk(
  folder,
  '@opentelemetry/sdk-trace',
  'TracerProvider',
);
