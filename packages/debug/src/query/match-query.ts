import { type HrTime, SpanKind } from '@opentelemetry/api';
import { elapsedSeconds, type ReadableSpan, toSeconds } from '../readable-span.ts';
import { familyOf } from '../requests/family.ts';
import type { Request } from '../requests/request.ts';
import { failed } from '../view/summary.ts';
import type { Condition, Field, Operator, State, Time } from './query.ts';

/**
 * A condition, ready to be asked of many requests: patterns are made once. What is asked of attributes, names and text
 * holds for a request when it holds for any of its spans; the rest is asked of the request's first span.
 */
export type Matcher = (request: Request) => boolean;

export function matcherOf(condition: Condition | undefined, now: HrTime): Matcher {
  if (condition === undefined) return () => true;
  switch (condition.kind) {
    case 'and': {
      const parts = condition.parts.map((part) => matcherOf(part, now));
      return (request) => parts.every((part) => part(request));
    }
    case 'or': {
      const parts = condition.parts.map((part) => matcherOf(part, now));
      return (request) => parts.some((part) => part(request));
    }
    case 'not': {
      const part = matcherOf(condition.part, now);
      return (request) => !part(request);
    }
    case 'text':
      return anywhere(condition.text);
    case 'has':
      return anySpan((span) => has(span, condition.name));
    case 'state':
      return ({ root }) => isIn(root, condition.state);
    case 'status':
      return ({ root }) => {
        const status = root.attributes['http.response.status_code'];
        return typeof status === 'number' && status >= condition.from && status <= condition.to;
      };
    case 'duration': {
      const compare = comparing(condition.operator);
      return ({ root }) => compare(elapsedSeconds(root, now), condition.seconds);
    }
    case 'start': {
      const compare = comparing(condition.operator);
      const time = secondsOf(condition.time, now);
      return ({ root }) => compare(toSeconds(root.startTime), time);
    }
    case 'field':
      return negatable(condition.operator, (test) => fieldTest(condition.field, test), condition.value);
    case 'attribute':
      return attributeTest(condition.key, condition.operator, condition.value);
  }
}

function anySpan(test: (span: ReadableSpan) => boolean): Matcher {
  return ({ root, spans }) => test(root) || spans.some(test);
}

function isIn(root: ReadableSpan, state: State): boolean {
  if (state === 'running') return !root.ended;
  return root.ended && failed(root) === (state === 'error');
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

/** Not equal is the opposite of equal for the request as a whole: "no span has it", not "some span has another". */
function negatable(operator: Operator, matcher: (test: TextTest) => Matcher, value: string): Matcher {
  const test = operator === '~' || operator === '!~' ? similar(value) : like(value);
  const found = matcher(test);
  return operator.startsWith('!') ? (request) => !found(request) : found;
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
  return text.toWellFormed().replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function fieldTest(field: Field, test: TextTest): Matcher {
  const attribute = (key: string): Matcher =>
    anySpan(({ attributes }) => {
      const value = attributes[key];
      return typeof value === 'string' && test(value);
    });
  switch (field) {
    case 'family':
      return ({ root }) => test(familyOf(root));
    case 'route':
      return attribute('http.route');
    case 'method':
      return attribute('http.request.method');
    case 'path':
      return attribute('url.path');
    case 'kind':
      return anySpan(({ kind }) => test(SpanKind[kind] ?? ''));
    case 'trace':
      return ({ root }) => test(root.spanContext().traceId);
    case 'span':
      return anySpan((span) => test(span.spanContext().spanId));
    case 'scope':
      return anySpan(({ instrumentationScope }) => test(instrumentationScope.name));
    case 'error':
      return anySpan((span) => errorsOf(span).some(test));
    case 'name':
      return anySpan(({ name }) => test(name));
  }
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

function anywhere(text: string): Matcher {
  const test = similar(text);
  const inValues = (attributes: object | undefined): boolean => {
    if (attributes === undefined) return false;
    for (const value of Object.values(attributes)) if (textsOf(value).some(test)) return true;
    return false;
  };
  return ({ root, spans }) =>
    test(familyOf(root)) ||
    test(root.spanContext().traceId) ||
    [root, ...spans].some(
      (span) =>
        test(span.name) ||
        test(span.spanContext().spanId) ||
        test(span.status.message ?? '') ||
        inValues(span.attributes) ||
        span.events.some((event) => test(event.name) || inValues(event.attributes)),
    );
}
