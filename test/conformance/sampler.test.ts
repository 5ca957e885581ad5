import { ROOT_CONTEXT } from '@opentelemetry/api';
import {
  RandomIdGenerator as TheirGenerator,
  TraceIdRatioBasedSampler as Theirs,
} from '@opentelemetry/sdk-trace-base';
import { TraceIdRatioBasedSampler as Ours } from '@sonde/core';
import { expect, it } from 'vitest';

it.each([0.001, 0.25, 0.5, 0.9])(
  'a ratio of %s samples the same traces in every service, whichever SDK it has',
  (ratio) => {
    const generator = new TheirGenerator();
    const ids = Array.from({ length: 5_000 }, () => generator.generateTraceId());
    const theirs = new Theirs(ratio);
    const ours = new Ours(ratio);
    const decisions = (sampler: Theirs | Ours) =>
      ids.map((id) => sampler.shouldSample(ROOT_CONTEXT, id).decision);
    expect(decisions(ours).map((decision) => decision > 0)).toEqual(
      decisions(theirs).map((decision) => decision > 0),
    );
  },
);
