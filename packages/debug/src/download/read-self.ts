import { count, fieldsOf, type Told, text } from '../forms/read-otlp.ts';
import type { ApiCopy } from '../self/api-copies.ts';
import type { ExportFacts, MetricFact, SelfFacts, TailFacts } from '../self/self-facts.ts';
import type { SelfSource } from '../view/self-view.ts';

const LIMIT = 8_000;
const NAME_LIMIT = 300;
const MOST = 200;

/** What `/debug/sonde` of another process said, out of a file. */
export function readSavedSelf(told: unknown): SelfSource {
  const { api, cost, facts, switchedOff } = fieldsOf(told);
  const { requestNanos, spanNanos } = fieldsOf(cost);
  const measured = {
    requestNanos: count(requestNanos),
    ...(spanNanos === undefined ? {} : { spanNanos: count(spanNanos) }),
  };
  return {
    facts: factsFrom(fieldsOf(facts)),
    api: apiFrom(fieldsOf(api)),
    // biome-ignore lint/correctness/useYield: it was measured elsewhere
    *cost() {
      return measured;
    },
    switchedOff: texts(switchedOff, NAME_LIMIT),
  };
}

function factsFrom(told: Told): SelfFacts {
  const { environment, exporting, ignoredRequests, instrumentation, resource, sampler, tail, troubles } =
    told;
  return {
    ...(troubles === undefined ? {} : { troubles: texts(troubles, LIMIT) }),
    ...(typeof sampler === 'string' ? { sampler: text(sampler, LIMIT) } : {}),
    ...(resource === undefined ? {} : { resource: resourceFrom(resource) }),
    ...(instrumentation === undefined
      ? {}
      : {
          instrumentation: rows(instrumentation).map((row) => ({
            name: text(row['name'], NAME_LIMIT),
            active: row['active'] === true,
            ...optional(row, 'note'),
          })),
        }),
    ...(exporting === undefined ? {} : { exporting: rows(exporting).map(exportFrom) }),
    ...(tail === undefined ? {} : { tail: tailFrom(fieldsOf(tail)) }),
    ...(environment === undefined
      ? {}
      : {
          environment: rows(environment).map((row) => ({
            name: text(row['name'], NAME_LIMIT),
            ...optional(row, 'value'),
            effect: text(row['effect'], LIMIT),
          })),
        }),
    ...(ignoredRequests === undefined ? {} : { ignoredRequests: count(ignoredRequests) }),
  };
}

function resourceFrom(told: unknown): Record<string, unknown> {
  const some = Object.entries(fieldsOf(told)).slice(0, MOST);
  return Object.fromEntries(some.map(([key, value]) => [text(key, NAME_LIMIT), value]));
}

function exportFrom(told: Told): ExportFacts {
  const { lastError, lastExport } = told;
  const { at, reason } = fieldsOf(lastError);
  return {
    endpoint: text(told['endpoint'], LIMIT),
    queued: count(told['queued']),
    ...optionalCounts(told, ['maxQueued', 'heldBytes', 'maxHeldBytes']),
    inFlight: count(told['inFlight']),
    exported: count(told['exported']),
    ...optionalCounts(told, ['retries', 'handedOn', 'spilled', 'recovered']),
    dropped: rows(told['dropped']).map(({ cause, spans }) => ({
      cause: text(cause, NAME_LIMIT),
      spans: count(spans),
    })),
    ...(lastExport === undefined ? {} : { lastExport: count(lastExport) }),
    ...(lastError === undefined ? {} : { lastError: { reason: text(reason, LIMIT), at: count(at) } }),
    ...(told['metrics'] === undefined ? {} : { metrics: rows(told['metrics']).map(metricFrom) }),
  };
}

function tailFrom(told: Told): TailFacts {
  return {
    choice: text(told['choice'], NAME_LIMIT),
    failed: count(told['failed']),
    slow: count(told['slow']),
    leftOut: count(told['leftOut']),
    heldSpans: count(told['heldSpans']),
    heldBytes: count(told['heldBytes']),
    maxHeldBytes: count(told['maxHeldBytes']),
    droppedSpans: count(told['droppedSpans']),
  };
}

function metricFrom({ attributes, name, unit, value }: Told): MetricFact {
  const some = Object.entries(fieldsOf(attributes)).slice(0, MOST);
  return {
    name: text(name, NAME_LIMIT),
    unit: text(unit, NAME_LIMIT),
    attributes: Object.fromEntries(some.map(([key, word]) => [key, text(word, NAME_LIMIT)])),
    value: count(value),
  };
}

function optionalCounts<K extends string>(told: Told, names: readonly K[]): { [name in K]?: number } {
  const given = names.filter((name) => told[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, count(told[name])])) as { [name in K]?: number };
}

function apiFrom(told: Told): SelfSource['api'] {
  return {
    ...optional(told, 'provider'),
    ...optional(told, 'contextManager'),
    propagatedHeaders: texts(told['propagatedHeaders'], NAME_LIMIT),
    ...optional(told, 'registeredVersion'),
    copies: rows(told['copies']).map(
      ({ path, sees, version }): ApiCopy => ({
        version: text(version, NAME_LIMIT),
        path: text(path, LIMIT),
        sees: sees === true,
      }),
    ),
  };
}

function optional<Key extends string>(told: Told, key: Key): { [key in Key]?: string } {
  const value = told[key];
  return typeof value === 'string' ? ({ [key]: text(value, LIMIT) } as { [key in Key]: string }) : {};
}

function rows(value: unknown): Told[] {
  return (Array.isArray(value) ? value : []).slice(0, MOST).map(fieldsOf);
}

function texts(value: unknown, limit: number): string[] {
  return (Array.isArray(value) ? value : []).slice(0, MOST).map((element) => text(element, limit));
}
