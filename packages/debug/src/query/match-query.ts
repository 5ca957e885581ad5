import { type HrTime, SpanKind } from '@opentelemetry/api';
import { type ReadableSpan, toSeconds } from '../readable-span.ts';
import type { ByHand } from '../requests/listed.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import { isSecretKey, withoutSecrets } from '../secrets.ts';
import type { Steps } from '../slices.ts';
import type { Condition, Field, Operator, State, Time } from './query.ts';

/** Known at once, or after some steps: a request may have thousands of spans. */
type Verdict = boolean | Steps<boolean>;

/**
 * A condition, ready to be asked of many requests: patterns are made once. What is asked of attributes, names and text
 * holds for a request when it holds for any of its spans; the rest is asked of the request as a whole.
 */
export type Matcher = (request: AnyRequest) => Verdict;

/** Who asks, and when. */
export interface Asker {
  readonly now: HrTime;
  /** Whether sensitive lines are looked at: whether one matches tells something of it. */
  readonly sensitive: boolean;
}

/** Whether it matches, in steps. */
export function* settle(verdict: Verdict): Steps<boolean> {
  return typeof verdict === 'boolean' ? verdict : yield* verdict;
}

export function matcherOf(condition: Condition | undefined, asker: Asker): Matcher {
  if (condition === undefined) return () => true;
  switch (condition.kind) {
    case 'and':
    case 'or':
      return joined(
        condition.parts.map((part) => matcherOf(part, asker)),
        condition.kind === 'or',
      );
    case 'not':
      return opposite(matcherOf(condition.part, asker));
    case 'text':
      return anywhere(condition.text, asker.sensitive);
    case 'has':
      return anySpan((span) => has(span, condition.name));
    case 'state':
      return (request) => isIn(request, condition.state);
    case 'status':
      return (request) => {
        if (request.kind !== 'spans') return false;
        const status = request.root.attributes['http.response.status_code'];
        return typeof status === 'number' && status >= condition.from && status <= condition.to;
      };
    case 'duration': {
      const compare = comparing(condition.operator);
      return (request) => compare(request.elapsedSeconds(asker.now), condition.seconds);
    }
    case 'start': {
      const compare = comparing(condition.operator);
      const time = secondsOf(condition.time, asker.now);
      return ({ startTime }) => compare(toSeconds(startTime), time);
    }
    case 'field':
      return negatable(condition.operator, (test) => fieldTest(condition.field, test), condition.value);
    case 'attribute':
      return attributeTest(condition.key, condition.operator, condition.value);
  }
}

/** `and` and `or`: the first part that decides, decides. */
function joined(parts: readonly Matcher[], decisive: boolean): Matcher {
  return function* (request) {
    for (const part of parts) if ((yield* settle(part(request))) === decisive) return decisive;
    return !decisive;
  };
}

function opposite(matcher: Matcher): Matcher {
  return function* (request) {
    return !(yield* settle(matcher(request)));
  };
}

/** Between two steps, so many spans are looked at. */
const SPANS_PER_STEP = 200;

/** What is told by hand has no spans. */
function anySpan(test: (span: ReadableSpan) => boolean): Matcher {
  return (request) => {
    if (request.kind !== 'spans') return false;
    const { root, spans } = request;
    if (test(root)) return true;
    return spans.length <= SPANS_PER_STEP ? spans.some(test) : anyOf(spans, test);
  };
}

function* anyOf(spans: readonly ReadableSpan[], test: (span: ReadableSpan) => boolean): Steps<boolean> {
  let looked = 0;
  for (const span of spans) {
    if (test(span)) return true;
    if (++looked % SPANS_PER_STEP === 0) yield;
  }
  return false;
}

/** Whatever tells of it. */
function eitherWay(bySpans: (span: ReadableSpan) => boolean, byHand: (trace: ByHand) => boolean): Matcher {
  const told = anySpan(bySpans);
  return (request) => (request.kind === 'spans' ? told(request) : byHand(request));
}

function isIn(request: AnyRequest, state: State): boolean {
  const running = request.kind === 'spans' ? !request.root.ended : !request.finished;
  if (state === 'running') return running;
  return !running && request.failed === (state === 'error');
}

function secondsOf(time: Time, now: HrTime): number {
  return 'epochSeconds' in time ? time.epochSeconds : toSeconds(now) - time.secondsAgo;
}

function comparing(operator: Operator): (a: number, b: number) => boolean {
  switch (operator) {
    case '>':
      return (a, b) => a > b;
    case '>=':
      return (a, b) => a >= b;
    case '<':
      return (a, b) => a < b;
    case '<=':
      return (a, b) => a <= b;
    case '!=':
      return (a, b) => a !== b;
    default:
      return (a, b) => a === b;
  }
}

type TextTest = (text: string) => boolean;

/**
 * What no page shows is not found either: whether a guess matches would tell it, one character after the other. The
 * second test is for the few that pass the first.
 */
function shown(test: TextTest): TextTest {
  return (text) => test(text) && test(withoutSecrets(text));
}

/** Not equal is the opposite of equal for the request as a whole: "no span has it", not "some span has another". */
function negatable(operator: Operator, matcher: (test: TextTest) => Matcher, value: string): Matcher {
  const test = shown(operator === '~' || operator === '!~' ? similar(value) : like(value));
  const found = matcher(test);
  return operator.startsWith('!') ? opposite(found) : found;
}

/** In it, in upper or lower case. Literally: a pattern of a stranger's could take for ever. */
function similar(text: string): TextTest {
  const pattern = new RegExp(escaped(text), 'iu');
  return (candidate) => pattern.test(candidate);
}

/** The same, in upper or lower case; `*` stands for anything. */
function like(text: string): TextTest {
  if (!text.includes('*')) {
    const lower = text.toLowerCase();
    return (candidate) => candidate.length === text.length && candidate.toLowerCase() === lower;
  }
  const parts = text.toLowerCase().split('*');
  return (candidate) => hasParts(candidate.toLowerCase(), parts);
}

/** Greedy from the left, so that the work is bounded by the length of both; a regular expression's would not be. */
function hasParts(text: string, parts: readonly string[]): boolean {
  const first = parts[0] as string;
  const last = parts[parts.length - 1] as string;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function fieldTest(field: Field, test: TextTest): Matcher {
  const attribute = (key: string): Matcher =>
    anySpan(({ attributes }) => {
      const value = attributes[key];
      return typeof value === 'string' && test(value);
    });
  switch (field) {
    case 'family':
      return ({ family }) => test(family);
    case 'route':
      return attribute('http.route');
    case 'method':
      return attribute('http.request.method');
    case 'path':
      return attribute('url.path');
    case 'kind':
      return anySpan(({ kind }) => test(SpanKind[kind] ?? ''));
    case 'trace':
      return (request) => test(traceIdOf(request) ?? '');
    case 'span':
      return eitherWay(
        (span) => test(span.spanContext().spanId),
        ({ spanId }) => spanId !== undefined && test(spanId),
      );
    case 'scope':
      return anySpan(({ instrumentationScope }) => test(instrumentationScope.name));
    case 'error':
      return anySpan((span) => errorsOf(span).some(test));
    case 'name':
      return eitherWay(
        ({ name }) => test(name),
        ({ title }) => test(title),
      );
  }
}

function traceIdOf(request: AnyRequest): string | undefined {
  return request.kind === 'spans' ? request.root.spanContext().traceId : request.traceId;
}

function errorsOf({ attributes, events }: ReadableSpan): string[] {
  const exceptions = events.flatMap((event) => [
    event.attributes?.['exception.type'],
    event.attributes?.['exception.message'],
  ]);
  return [attributes['error.type'], ...exceptions].filter((text) => typeof text === 'string');
}

function has({ attributes, events }: ReadableSpan, name: string): boolean {
  return attributes[name] !== undefined || events.some((event) => event.name === name);
}

function attributeTest(key: string, operator: Operator, value: string): Matcher {
  if (isSecretKey(key)) return () => operator.startsWith('!');
  if (['=', '!=', '~', '!~'].includes(operator)) {
    return negatable(
      operator,
      (test) => anySpan(({ attributes }) => textsOf(attributes[key]).some(test)),
      value,
    );
  }
  const compare = comparing(operator);
  const number = Number(value);
  return anySpan(({ attributes }) => {
    const own = attributes[key];
    return typeof own === 'number' && compare(own, number);
  });
}

/** What can be compared: a value as text, of an array each element. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value))
    return value.flatMap((element) => (Array.isArray(element) ? [] : textsOf(element)));
  if (typeof value === 'string') return [value];
  return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
}

function anywhere(text: string, sensitive: boolean): Matcher {
  const test = shown(similar(text));
  const inValues = (attributes: object | undefined): boolean => {
    if (attributes === undefined) return false;
    for (const [key, value] of Object.entries(attributes)) {
      if (textsOf(value).some(test) && !isSecretKey(key)) return true;
    }
    return false;
  };
  const within = eitherWay(
    (span) =>
      test(span.name) ||
      test(span.spanContext().spanId) ||
      test(span.status.message ?? '') ||
      inValues(span.attributes) ||
      span.events.some((event) => test(event.name) || inValues(event.attributes)),
    (trace) =>
      test(trace.title) || trace.lines().some((line) => (sensitive || !line.sensitive) && test(line.text)),
  );
  return (request) => test(request.family) || test(traceIdOf(request) ?? '') || within(request);
}
