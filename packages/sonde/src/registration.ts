/** Where all copies of version 1 of the api keep what is registered. Source: `GLOBAL_OPENTELEMETRY_API_KEY` of @opentelemetry/api. */
const API = Symbol.for('opentelemetry.js.api.1');

/** To be said when the api takes no provider: one is there, or another version of the api has begun before. */
export function whyNothingIsRecorded(): string {
  const registered = (globalThis as { [API]?: { trace?: unknown; version?: unknown } })[API];
  if (registered?.trace === undefined && registered?.version !== undefined) {
    return `version ${registered.version} of @opentelemetry/api was used first in this process, and Sonde's copy is of another, so Sonde records nothing; let one version of the package be installed (npm ls @opentelemetry/api)`;
  }
  return 'another OpenTelemetry SDK is registered in this process, so Sonde records nothing; start Sonde first, or give `new RequestsProcessor()` of @sonde/debug to that SDK';
}

/** To be said when somebody else's provider is not taken, of which the api says a word to its logger alone. */
export const ANOTHER_CAME_LATE =
  'another OpenTelemetry SDK was set up after Sonde and is not used, so its exporters get no spans; let Sonde export (OTEL_EXPORTER_OTLP_ENDPOINT, or `exporters` of start()), or leave Sonde out and give `new RequestsProcessor()` of @sonde/debug to that SDK';
