import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { type ReadableSpan, suppressTracing } from '@sonde/core';
import { lost, type Outcome, readOutcome } from './outcome.ts';
import type { SpanExporter } from './span-exporter.ts';
import type { Time } from './time.ts';

/** How one exporter is treated. */
export interface AttemptSetting {
  readonly exporter: SpanExporter;
  /** After so long, in milliseconds, an exporter that has not called back is not waited for any more. */
  readonly exportTimeoutMillis: number;
  readonly time: Time;
  /** Told of an exporter that does what none should. */
  readonly misbehaved: (what: string) => void;
}

/**
 * Gives spans to the exporter, once, and tells what came of it, once, whatever the exporter does: it may throw, call
 * back never, twice or with anything, or return a promise that is rejected. No spans are made of its own requests.
 */
export function attempt(
  setting: AttemptSetting,
  spans: ReadableSpan[],
  tell: (outcome: Outcome) => void,
): void {
  const { exporter, exportTimeoutMillis, misbehaved, time } = setting;
  let settled = false;
  let givenUp = false;
  const settle = (outcome: Outcome): void => {
    if (settled) return;
    settled = true;
    stopWaiting();
    tell(outcome);
  };
  const stopWaiting = time.after(exportTimeoutMillis, () => {
    givenUp = true;
    const reason = `the exporter gave no answer within ${exportTimeoutMillis} ms`;
    settle({ kind: 'lost', cause: 'unanswered', reason });
  });
  const hand = (): void => {
    if (settled) return;
    context.with(suppressTracing(ROOT_CONTEXT), () => {
      try {
        const returned: unknown = exporter.export(spans, (result) => {
          if (settled && !givenUp) misbehaved('called back more than once for one batch');
          settle(readOutcome(result));
        });
        onRejection(returned, (error) => settle(readOutcome({ code: 1, error })));
      } catch (error) {
        settle(lost(`the exporter threw: ${describe(error)}`));
      }
    });
  };
  const resources = pendingResources(spans);
  if (resources === undefined) hand();
  // A resource that could not be found out is no reason to lose spans.
  else void Promise.allSettled(resources).then(hand);
}

/** Detectors of OpenTelemetry's SDK may still be asking who this is: the batch waits for them, as with its own processor. */
function pendingResources(spans: readonly ReadableSpan[]): Promise<unknown>[] | undefined {
  const pending: Promise<unknown>[] = [];
  let last: unknown;
  for (const { resource } of spans) {
    // As a rule all have the same one.
    if (resource === last) continue;
    last = resource;
    if (resource?.asyncAttributesPending === true) pending.push(known(resource));
  }
  return pending.length === 0 ? undefined : pending;
}

async function known(resource: ReadableSpan['resource']): Promise<void> {
  await resource.waitForAsyncAttributes?.();
}

function onRejection(returned: unknown, tell: (reason: unknown) => void): void {
  if (typeof returned !== 'object' || returned === null) return;
  const { then } = returned as { then?: unknown };
  if (typeof then === 'function') then.call(returned, undefined, tell);
}

export function describe(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something that is no error';
  }
}
