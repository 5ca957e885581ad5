import { openTelemetrySdk } from './opentelemetry-sdk.mjs';

const folder = new URL('../../', import.meta.url);

export const setups = ['recording', 'unsampled', 'memory', 'import'];
export const runsOn = () => true;
export const { api, entries, start, version } = openTelemetrySdk(
  folder,
  '@opentelemetry/sdk-trace-base',
  'BasicTracerProvider',
);
