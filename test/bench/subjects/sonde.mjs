import { untracedWorks } from '../untraced.mjs';
import { register } from './opentelemetry.mjs';

export const setups = ['recording', 'unsampled', 'untraced', 'memory', 'import'];
export const runsOn = () => true;
export const version = () => '';
export const folder = new URL('../../', import.meta.url);
export const entries = ['@sonde/core', '@sonde/context'];

export async function start(setup, keep) {
  const core = await import('@sonde/core');
  if (setup === 'untraced') return untracedWorks(core.withSpan);
  const {
    AsyncLocalStorageContextManager,
    CompositePropagator,
    W3CBaggagePropagator,
    W3CTraceContextPropagator,
  } = await import('@sonde/context');
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  return register(
    {
      api: await import('@opentelemetry/api'),
      TracerProvider: core.TracerProvider,
      AlwaysOffSampler: core.AlwaysOffSampler,
      ContextManager: AsyncLocalStorageContextManager,
      propagator: new CompositePropagator({ propagators }),
    },
    setup,
    keep,
  );
}
