import { ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { respond } from './respond.ts';
import type { PageResponse } from './route.ts';

const START = 1_700_000_000;
const at = (millis: number): [number, number] => [START, Math.round(millis * 1e6)];
let store: RequestStore;
let tracer: Tracer;

beforeEach(() => {
  store = new RequestStore();
  tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
});

const below = (parent: Span) => trace.setSpan(ROOT_CONTEXT, parent);

/** A request that asks for a user, then for each line, and answers. */
function order({ lines, took, user }: { lines: number; took: number; user: string }): Span {
  const root = tracer.startSpan('order', { startTime: at(0), attributes: { user, same: 1 } });
  tracer.startSpan('SELECT user', { startTime: at(1) }, below(root)).end(at(2));
  for (let i = 0; i < lines; i++) {
    tracer.startSpan(`SELECT line ${i}`, { startTime: at(10 + i) }, below(root)).end(at(11 + i));
  }
  root.end(at(took));
  return root;
}

function ask(query: string, suffix = '', form = store): PageResponse {
  const asked = { path: `/compare${suffix}`, query: new URLSearchParams(query), accept: '', sensitive: true };
  const process = { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 };
  return atOnce(respond(asked, { store: form, process, now: hrTimeOf((START + 10) * 1000) }));
}

const spanId = (span: Span) => span.spanContext().spanId;
const pair = (a: Span, b: Span) => `a=${spanId(a)}&b=${spanId(b)}`;

describe('two requests', () => {
  it('are laid side by side by span path, calls of a kind as one row', () => {
    const a = order({ lines: 20, took: 50, user: 'anna' });
    const b = order({ lines: 2, took: 20, user: 'berta' });
    const view = JSON.parse(ask(pair(a, b), '.json').body);
    expect(view).toMatchObject({
      a: { spanId: spanId(a), elapsedSeconds: 0.05 },
      b: { spanId: spanId(b) },
      bIsMedian: false,
      differenceSeconds: expect.closeTo(0.03),
      rowsNotShown: 0,
    });
    expect(view.rows.map(({ label, depth }: { label: string; depth: number }) => [label, depth])).toEqual([
      ['order', 0],
      ['SELECT user', 1],
      ['SELECT line ?', 1],
    ]);
    expect(view.rows[2]).toMatchObject({ a: { spans: 20 }, b: { spans: 2 } });
    expect(view.rows[2].differenceSeconds).toBeCloseTo(0.018);
    expect(view.rows[0].selfDifferenceSeconds).toBeCloseTo(0.012);
  });

  it('say which attributes differ, and not those that are the same', () => {
    const a = order({ lines: 1, took: 30, user: 'anna' });
    const b = order({ lines: 1, took: 30, user: 'berta' });
    const [root] = JSON.parse(ask(pair(a, b), '.json').body).rows;
    expect(root.attributes).toEqual([{ key: 'user', a: 'anna', b: 'berta' }]);
    expect(ask(pair(a, b)).body).toContain('1 attribute differs');
    expect(ask(pair(a, b), '.txt').body).toContain('  user: "anna" / "berta"\n');
  });

  it('of which one lacks a span show it as only in the other', () => {
    const a = order({ lines: 0, took: 30, user: 'x' });
    const b = order({ lines: 3, took: 30, user: 'x' });
    const row = JSON.parse(ask(pair(a, b), '.json').body).rows[2];
    expect(row.a).toBeUndefined();
    expect(row.differenceSeconds).toBeCloseTo(-0.003);
    expect(ask(pair(a, b)).body).toContain('<small>only in B</small>');
    expect(ask(pair(b, a), '.txt').body).toContain('SELECT line ?  (only in A)');
  });

  it('whatever their roots are called, are compared from the root down', () => {
    const a = tracer.startSpan('this', { startTime: at(0) });
    tracer.startSpan('work', { startTime: at(1) }, below(a)).end(at(2));
    a.end(at(5));
    const b = tracer.startSpan('that', { startTime: at(0) });
    tracer.startSpan('work', { startTime: at(1) }, below(b)).end(at(4));
    b.setStatus({ code: SpanStatusCode.ERROR }).end(at(5));
    const { rows } = JSON.parse(ask(pair(a, b), '.json').body);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ label: 'this', a: { errors: 0 }, b: { errors: 1 } });
    expect(rows[1]).toMatchObject({ label: 'work', a: { spans: 1 }, b: { spans: 1 } });
  });

  it('the same twice has no difference', () => {
    const a = order({ lines: 5, took: 30, user: 'x' });
    const { rows } = JSON.parse(ask(pair(a, a), '.json').body);
    for (const { attributes, differenceSeconds, selfDifferenceSeconds } of rows) {
      expect([differenceSeconds, selfDifferenceSeconds, attributes]).toEqual([0, 0, []]);
    }
  });

  it('may be named by their traces', () => {
    const a = order({ lines: 1, took: 30, user: 'x' });
    const b = order({ lines: 1, took: 40, user: 'x' });
    const [idA, idB] = [a, b].map((span) => span.spanContext().traceId);
    expect(JSON.parse(ask(`a=${idA}&b=${idB}`, '.json').body)).toMatchObject({
      a: { traceId: idA },
      b: { traceId: idB },
    });
  });
});

describe('one request and its family', () => {
  it('is compared with the one in the middle', () => {
    const usual = [20, 30, 40].map((took) => order({ lines: 1, took, user: 'x' }));
    const slow = order({ lines: 30, took: 90, user: 'x' });
    const id = spanId(slow);
    for (const query of [`a=${id}&b=median`, `a=${id}`, `a=${id}&b=`, `a=${id.toUpperCase()}`]) {
      const view = JSON.parse(ask(query, '.json').body);
      expect(view).toMatchObject({ bIsMedian: true, b: { spanId: spanId(usual[1] as Span) } });
      expect(view.differenceSeconds).toBeCloseTo(0.06);
    }
    expect(ask(`a=${spanId(slow)}`).body).toContain('A took <b>60.0 ms more</b> than B, which stands for');
  });

  it('leads to others of the family, the slowest first', () => {
    const others = [20, 70, 40].map((took) => order({ lines: 1, took, user: 'x' }));
    const a = order({ lines: 1, took: 30, user: 'x' });
    const { body } = ask(`a=${spanId(a)}`);
    const links = [...body.matchAll(/compare\?a=[0-9a-f]{16}&amp;b=([0-9a-f]{16})"/g)].map(([, id]) => id);
    expect(links).toEqual([1, 2, 0].map((i) => spanId(others[i] as Span)));
  });

  it('without enough others says so', () => {
    const a = order({ lines: 1, took: 30, user: 'x' });
    const { body, status } = ask(`a=${spanId(a)}&b=median`, '.txt');
    expect(status).toBe(404);
    expect(body).toContain('Fewer than three other finished requests of order are kept');
  });

  it('is linked from the page of its trace', () => {
    const a = order({ lines: 1, took: 30, user: 'x' });
    const { traceId } = a.spanContext();
    const asked = {
      path: `/requests/trace/${traceId}`,
      query: new URLSearchParams(),
      accept: '',
      sensitive: true,
    };
    const process = { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 };
    const { body } = atOnce(respond(asked, { store, process, now: hrTimeOf((START + 10) * 1000) }));
    expect(body).toContain(`href="../../compare?a=${spanId(a)}&amp;b=median"`);
  });
});

describe('bad input', () => {
  it.each([
    ['nothing', '', 'To compare two requests, say which two'],
    [
      'an id that is not kept',
      'a=0af7651916cd43dd8448eb211c80319c',
      'No request 0af7651916cd43dd8448eb211c80319c is kept',
    ],
    ['an empty form', 'a=&b=', 'To compare two requests, say which two'],
    ['markup', 'a=%3Cscript%3E&b=%3Cscript%3E', 'is kept here'],
    ['an endless id', `a=${'a'.repeat(10_000)}`, '(10,000 characters)'],
  ])('%s is answered with 404 and a sentence', (_name, query, sentence) => {
    const { body, status } = ask(query);
    expect(status).toBe(404);
    expect(body).toContain(sentence);
    expect(body).not.toContain('<script>');
  });

  it('rows are bounded, and the rest is counted', () => {
    const wide = (names: number) => {
      const root = tracer.startSpan('wide', { startTime: at(0) });
      for (let i = 0; i < names; i++)
        tracer.startSpan(`${'abcdefghij'[i % 10]}x${i}x`, {}, below(root)).end();
      root.end();
      return root;
    };
    const [a, b] = [wide(499), wide(500)];
    expect(JSON.parse(ask(pair(a, a), '.json').body)).toMatchObject({ rowsNotShown: 0 });
    const view = JSON.parse(ask(pair(a, b), '.json').body);
    expect([view.rows.length, view.rowsNotShown]).toEqual([500, 1]);
    expect(ask(pair(a, b)).body).toContain('1 more rows are not shown');
  });

  it('a chain as deep as may be is laid side by side', () => {
    const deep = () => {
      const spans = [tracer.startSpan('deep')];
      while (spans.length < 4_000) spans.push(tracer.startSpan('level', {}, below(spans.at(-1) as Span)));
      for (const span of spans.reverse()) span.end();
      return spans.at(-1) as Span;
    };
    const view = JSON.parse(ask(pair(deep(), deep()), '.json').body);
    expect(view.rows[499]).toMatchObject({ depth: 499, a: { spans: 1 }, b: { spans: 1 } });
  });

  it('whatever spans hold, nothing is markup and nothing throws', () => {
    const text = fc.string({ unit: 'binary' });
    const span = fc.record({
      name: text,
      attributes: fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean())),
    });
    fc.assert(
      fc.property(
        fc.array(span, { maxLength: 6 }),
        fc.array(span, { maxLength: 6 }),
        text,
        (one, other, id) => {
          const make = (
            spans: readonly { name: string; attributes: Record<string, string | number | boolean> }[],
          ) => {
            const root = tracer.startSpan('<script>', { attributes: { '<script>': Math.random() } });
            for (const { attributes, name } of spans)
              tracer.startSpan(name, { attributes }, below(root)).end();
            root.end();
            return root;
          };
          const query = pair(make(one), make(other));
          for (const page of [ask(query), ask(`a=${encodeURIComponent(id.toWellFormed())}`)]) {
            expect(page.body).not.toContain('<script>');
          }
          JSON.parse(ask(query, '.json').body);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
          expect(ask(query, '.txt').body).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]/);
        },
      ),
      { numRuns: 50 },
    );
  });
});
