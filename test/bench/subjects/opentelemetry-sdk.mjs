// One of OpenTelemetry's SDKs, from the folder where it is installed.
import { register } from './opentelemetry.mjs';
import { packagesOf } from './packages.mjs';

/** @param sdkName the package with the provider; the propagators are of the core that it depends on */
export function openTelemetrySdk(folder, sdkName, providerName) {
  const { load, loadOf, version } = packagesOf(folder);
  return {
    version: () => version(sdkName),
    entries: [sdkName, '@opentelemetry/context-async-hooks'],
    async start(setup, keep) {
      const sdk = load(sdkName);
      const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = loadOf(
        sdkName,
        '@opentelemetry/core',
      );
      const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
      return register(
        {
          api: load('@opentelemetry/api'),
          TracerProvider: sdk[providerName],
          AlwaysOffSampler: sdk.AlwaysOffSampler,
          ContextManager: load('@opentelemetry/context-async-hooks').AsyncLocalStorageContextManager,
          propagator: new CompositePropagator({ propagators }),
        },
        setup,
        keep,
      );
    },
  };
}
