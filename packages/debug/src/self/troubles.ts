import { oneLine } from '../pages/text.ts';
import type { SelfSource } from '../view/self-view.ts';
import { sentencesOn } from './api-copies.ts';

/** What is looked at to say why there are no spans. */
export interface Situation extends SelfSource {
  /** How many requests have been seen, running ones too. */
  readonly seen: number;
  /** How many spans are kept. */
  readonly spans: number;
}

type Rule = (situation: Situation) => readonly string[] | string | false | undefined;

const switchedOff: Rule = ({ switchedOff }) =>
  switchedOff.map((name) => `${name} is set, so nothing is recorded; unset it and start the process again.`);

/** What whoever runs the pages knows. */
const known: Rule = ({ facts }) => facts.troubles;

const noProvider: Rule = ({ api, switchedOff }) =>
  api.provider === undefined &&
  switchedOff.length === 0 &&
  `No tracer provider is registered with the OpenTelemetry API${
    api.registeredVersion === undefined ? '' : ' for this copy of it'
  }, so no span is made: run the program with \`node --import sonde/register\`, or register the provider of your SDK.`;

/** Somebody else's provider that tells nobody here; with facts, it is ours. */
const deafProvider: Rule = ({ api, facts, spans }) =>
  api.provider !== undefined &&
  facts.sampler === undefined &&
  spans === 0 &&
  `A provider (${api.provider}) is registered, but none of its spans has come here: it needs \`new RequestsProcessor()\` of @sonde/debug among its span processors, and a sampler that records.`;

const noContextManager: Rule = ({ api }) =>
  api.provider !== undefined &&
  api.contextManager === undefined &&
  'No context manager is registered with the OpenTelemetry API, so every span begins a request of its own: register `new AsyncLocalStorageContextManager()` of @sonde/context.';

const blindCopies: Rule = ({ api: { copies, registeredVersion } }) => sentencesOn(copies, registeredVersion);

const allIgnored: Rule = ({ facts: { ignoredRequests = 0 }, seen }) =>
  seen === 0 &&
  ignoredRequests > 0 &&
  `Every request until now, ${ignoredRequests} of them, was ignored by a rule (SONDE_IGNORE, ignoreIncoming).`;

const NOTHING_ASKED = 'No request has been seen until now; visits to these pages do not count.';

const notExported: Rule = ({ facts: { exporting = [] } }) =>
  exporting.flatMap(({ endpoint, lastError, lastExport = 0 }) =>
    lastError !== undefined && lastError.at >= lastExport
      ? [`The last export to ${endpoint} failed: ${lastError.reason}.`]
      : [],
  );

const rules: readonly Rule[] = [
  switchedOff,
  known,
  noProvider,
  deafProvider,
  blindCopies,
  noContextManager,
  allIgnored,
  notExported,
];

const MAX_TROUBLES = 20;

/** Why there are no spans, or not all of them; what matters most first. The same situation gives the same sentences. */
export function troublesOf(situation: Situation): string[] {
  const said = rules.flatMap((rule) => rule(situation) || []);
  if (said.length === 0 && situation.seen === 0) said.push(NOTHING_ASKED);
  return [...new Set(said.map(oneLine))].slice(0, MAX_TROUBLES);
}
