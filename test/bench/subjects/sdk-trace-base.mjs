import { openTelemetrySdk } from './opentelemetry-sdk.mjs';

export const folder = new URL('../../', import.meta.url);

export const setups = ['recording', 'unsampled', 'memory', 'import'];
export const runsOn = () => true;
export const { entries, start, version } = openTelemetrySdk(
  folder,
  '@opentelemetry/sdk-trace-base',
  'BasicTracerProvider',
);
