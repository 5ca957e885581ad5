import { recordAll, TracerProvider } from '@sonde/core';
import { type InstrumentationFact, RequestStore, RequestsProcessor, type SelfFacts } from '@sonde/debug';
import { httpInstrumentation } from '@sonde/http';
import type { Configuration } from './configuration.ts';
import { type ReadVariables, withoutCredentials } from './environment.ts';
import type { Exporting } from './export/export-to.ts';
import type { TailProcessor } from './export/tail-processor.ts';
import type { Log } from './log.ts';

/** What a started Sonde is made of, for the page that tells of it. */
export interface Parts {
  readonly configuration: Configuration;
  readonly variables: ReadVariables;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly exporting: readonly Exporting[];
  readonly tail: TailProcessor | undefined;
  readonly log: Log;
  /** How many requests have been visits to the pages. */
  readonly visits: () => number;
}

/** Answers what `/debug/sonde` calls each time it is opened. */
export function tellSelf(parts: Parts): () => SelfFacts {
  const { configuration, exporting, log, resource, tail, variables, visits } = parts;
  const { said } = log;
  const { sampler } = configuration;
  let makeSpan: (() => void) | undefined;
  return () => {
    const http = httpInstrumentation();
    makeSpan ??= spanMaker(configuration);
    return {
      troubles: [
        ...said.map(withoutCredentials),
        ...samplingTroubles(String(sampler), exporting.length > 0 && tail === undefined),
      ],
      sampler: String(recordAll(sampler)),
      resource,
      instrumentation: instrumentationOf(http, configuration),
      exporting: exporting.map(({ processor }) => processor.tell()),
      ...(tail === undefined || exporting.length === 0 ? {} : { tail: tail.tell() }),
      environment: variables.tell(said),
      ...(http === undefined ? {} : { ignoredRequests: Math.max(0, http.ignoredRequests - visits()) }),
      makeSpan,
    };
  };
}

function samplingTroubles(sampler: string, exporting: boolean): string[] {
  const off = sampler === 'AlwaysOffSampler' || sampler.startsWith('ParentBased{root=AlwaysOffSampler');
  return off && exporting
    ? [
        `The sampler is ${sampler}: these pages show every request, but none that begins here is exported (OTEL_TRACES_SAMPLER).`,
      ]
    : [];
}

function instrumentationOf(
  http: ReturnType<typeof httpInstrumentation>,
  { clientPhases, debug, logs, path, peers, port, runtime }: Configuration,
): InstrumentationFact[] {
  const clients = (http?.clients ?? []).map(({ active, copies, name }) => ({
    name: `${name} client`,
    active,
    ...(copies === undefined ? {} : { note: loaded(copies) }),
    ...(name === 'node:http2' && !active ? { note: 'not loaded yet' } : {}),
  }));
  return [
    { name: 'node:http, node:https, node:http2 servers', active: http !== undefined },
    ...clients,
    ...(http === undefined
      ? []
      : [{ name: 'Phases of client requests', active: true, note: `as ${clientPhases}` }]),
    {
      name: port === undefined ? 'Pages on every server' : 'Pages on a port of their own',
      active: path !== false,
      ...(path === false ? {} : { note: `at ${path}/` }),
    },
    ...(path === false ? [] : [peersFact(peers)]),
    ...(['console', 'diag'] as const)
      .filter((source) => logs[source] === true)
      .map((source) => ({ name: `Log lines of ${source}`, active: true })),
    { name: 'Event loop and garbage collections', active: runtime },
    ...(debug.context ? [{ name: 'Search for lost context', active: true }] : []),
  ];
}

/** Who is asked for the rest of a trace. */
function peersFact({ discover, urls = [] }: Configuration['peers']): InstrumentationFact {
  const parts = [
    urls.length > 0 && `${urls.length} listed`,
    discover && 'those of this user on this machine, which find this one too',
  ].filter((part) => part !== false);
  return {
    name: 'Other processes are asked for their part of a trace',
    active: parts.length > 0,
    ...(parts.length > 0 ? { note: parts.join('; ') } : {}),
  };
}

function loaded(copies: number): string {
  if (copies === 0) return 'not loaded';
  return copies === 1 ? '1 copy is loaded' : `${copies} copies are loaded`;
}

/** As the program's spans are made, in a provider and a store of its own. */
function spanMaker({ sampler, spanLimits }: Configuration): () => void {
  const tracer = new TracerProvider({
    sampler: recordAll(sampler),
    spanLimits,
    spanProcessors: [new RequestsProcessor(new RequestStore())],
  }).getTracer('sonde');
  return () => {
    tracer.startSpan('GET', { attributes: { 'http.route': '/' } }).end();
  };
}
