import type { Environment } from '../environment.ts';

/**
 * The value of `OTEL_EXPORTER_OTLP_TRACES_<setting>`, else of `OTEL_EXPORTER_OTLP_<setting>`, as `parse` has it: the one of the
 * signal wins (specification, "OpenTelemetry Protocol Exporter"). What is wrong, and parsed to `undefined`, counts as unset.
 */
export function readOtlpVariable<T>(
  env: Environment,
  setting: string,
  parse: (name: string, value: string) => T | undefined,
): T | undefined {
  const special = `OTEL_EXPORTER_OTLP_TRACES_${setting}`;
  const general = `OTEL_EXPORTER_OTLP_${setting}`;
  for (const name of [special, general]) {
    const value = env[name]?.trim();
    const parsed = value ? parse(name, value) : undefined;
    if (parsed !== undefined) return parsed;
  }
  return undefined;
}
