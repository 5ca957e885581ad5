// What the subjects that implement the OpenTelemetry API have in common.
import { headerWorks } from '../headers.mjs';
import { spanWorks } from '../spans.mjs';

/** A SpanProcessor that keeps what ended. */
const processor = (keep) => ({
  onStart() {},
  onEnd: keep,
  forceFlush: async () => {},
  shutdown: async () => {},
});

/**
 * Registers everything, and answers the work of this setup.
 *
 * @param sdk api, TracerProvider, AlwaysOffSampler, ContextManager and a propagator, of one version
 */
export function register(sdk, setup, keep) {
  const { AlwaysOffSampler, api, ContextManager, propagator, TracerProvider } = sdk;
  const sampler = setup === 'unsampled' ? { sampler: new AlwaysOffSampler() } : {};
  api.context.setGlobalContextManager(new ContextManager().enable());
  api.propagation.setGlobalPropagator(propagator);
  api.trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor(keep)], ...sampler }));
  if (setup === 'unsampled') return { unsampled: spanWorks(api).root };
  return { ...spanWorks(api), ...headerWorks(api) };
}
