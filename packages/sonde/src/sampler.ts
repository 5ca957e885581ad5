import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@sonde/core';
import type { Environment, Warn } from './environment.ts';

const RATIO = 'OTEL_TRACES_SAMPLER_ARG';

const samplers: Readonly<Record<string, (ratio: () => number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio()),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) =>
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio()) }),
};
const DEFAULT = 'parentbased_always_on';

/** The sampler that OTEL_TRACES_SAMPLER names, in whatever case (specification, "General SDK Configuration", "Enum"). */
export function readSampler(env: Environment, warn: Warn): Sampler {
  const given = env['OTEL_TRACES_SAMPLER']?.trim() || DEFAULT;
  const name = given.toLowerCase();
  const known = Object.hasOwn(samplers, name);
  if (!known) {
    warn(
      `OTEL_TRACES_SAMPLER is "${given}", expected one of ${Object.keys(samplers).join(', ')}; using ${DEFAULT}`,
    );
  }
  return (samplers[known ? name : DEFAULT] as (ratio: () => number) => Sampler)(() => readRatio(env, warn));
}

function readRatio(env: Environment, warn: Warn): number {
  const given = env[RATIO]?.trim();
  if (!given) return 1;
  const ratio = Number(given);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warn(`${RATIO} is "${given}", expected a number from 0 to 1; using 1`);
  return 1;
}
