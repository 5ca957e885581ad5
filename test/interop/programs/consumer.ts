// What a TypeScript program says of @sonde/core. It is compiled, with every check there is, and never run.
import {
  type Span as ApiSpan,
  type TracerProvider as ApiTracerProvider,
  type Context,
  context,
  trace,
} from '@opentelemetry/api';
import {
  annotate,
  ContextLossDetector,
  ParentBasedSampler,
  RandomIdGenerator,
  type ReadableSpan,
  recordAll,
  resourceFromAttributes,
  type Sampler,
  type Span,
  type SpanProcessor,
  type StartedSpan,
  startSpan,
  TraceIdRatioBasedSampler,
  type Tracer,
  TracerProvider,
  traced,
  withSpan,
} from '@sonde/core';

/** The same type, `any` being the same as `any` alone. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._same: Same<A, B> extends true ? [] : ['these types differ']): void => {};

// ---- withSpan: the type of what the function returns, and of the span it gets ----------------------------------
const number = withSpan('sync', () => 1);
same<typeof number, number>();
const promise = withSpan('async', { kind: 1, attributes: { a: 1 } }, async (span) => {
  same<typeof span, ApiSpan>();
  return 'x' as const;
});
same<typeof promise, Promise<'x'>>();
const nothing = withSpan('void', () => {});
same<typeof nothing, void>();
const never = () =>
  withSpan('never', () => {
    throw new Error('no');
  });
same<ReturnType<typeof never>, never>();
const generic = <T>(value: T): T => withSpan('generic', () => value);
same<ReturnType<typeof generic<boolean>>, boolean>();
// @ts-expect-error: no function
withSpan('x', {});
// @ts-expect-error: no such option
withSpan('x', { attrs: {} }, () => 1);
// @ts-expect-error: no name
withSpan(() => 1);

// ---- traced: the very type of what was given -------------------------------------------------------------------
const load = traced(async (id: number, name?: string) => ({ id, name }));
same<typeof load, (id: number, name?: string) => Promise<{ id: number; name: string | undefined }>>();
// @ts-expect-error: an argument of the wrong type
load('x');
const overloaded = traced(((a: unknown) => a) as { (a: string): string; (a: number): number });
const [text, count] = [overloaded('x'), overloaded(1)];
same<typeof text, string>();
same<typeof count, number>();
const identity = traced(<T>(x: T): T => x);
const five = identity(5 as const);
same<typeof five, 5>();
const bound = traced(function (this: { tax: number }, price: number) {
  return price * this.tax;
});
same<ThisParameterType<typeof bound>, { tax: number }>();
const each = traced(function* (n: number) {
  yield n;
  return 'end';
});
same<typeof each, (n: number) => Generator<number, string, unknown>>();
const pages = traced(async function* () {
  yield 1;
});
for await (const page of pages()) same<typeof page, number>();
class Cart<T> {
  static of<T>(item: T): Cart<T> {
    return new Cart(item);
  }
  protected readonly item: T;
  constructor(item: T) {
    this.item = item;
  }
}
const TracedCart = traced(Cart);
const cart = new TracedCart('a');
same<typeof cart, Cart<string>>();
same<ReturnType<typeof TracedCart.of<number>>, Cart<number>>();
abstract class Shape {
  abstract area(): number;
}
class Square extends traced(Shape) {
  area(): number {
    return 1;
  }
}
same<InstanceType<typeof Square>['area'], () => number>();
// @ts-expect-error: no function
traced(5);

// ---- annotate, using -------------------------------------------------------------------------------------------
annotate('key', [1, 'a', null, { deep: new Uint8Array(1) }]);
annotate({ none: undefined, map: { list: [null] } });
// @ts-expect-error: a function is no value
annotate('key', () => {});
// @ts-expect-error: a Date is no value
annotate({ at: new Date() });
{
  using span = startSpan('block');
  same<typeof span, StartedSpan>();
  await using other = startSpan('block', { root: true });
  other.setAttribute('a', 1).end();
}

// ---- the SDK ---------------------------------------------------------------------------------------------------
const processor: SpanProcessor = {
  onStart(span, parentContext) {
    same<typeof span, Span>();
    same<typeof parentContext, Context>();
    span.setAttribute('map', { b: 1 }).recordException(new Error('e'), { more: 1 }, Date.now());
  },
  onEnd(span) {
    same<typeof span, ReadableSpan>();
    const [event] = span.events;
    if (event !== undefined) same<typeof event.name, string>();
  },
  async forceFlush() {},
  async shutdown() {},
};
const sampler: Sampler = {
  shouldSample(_context, traceId, name, _kind, attributes, links) {
    same<[typeof traceId, typeof name], [string, string]>();
    return { decision: 2, attributes: { links: links.length, given: Object.keys(attributes).length } };
  },
};
const provider = new TracerProvider({
  spanProcessors: [processor, new ContextLossDetector({ say: (finding) => same<typeof finding, string>() })],
  sampler: recordAll(
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1), localParentSampled: sampler }),
  ),
  resource: resourceFromAttributes({ 'service.name': 'shop' }),
  spanLimits: { attributeCountLimit: 1 },
  idGenerator: new RandomIdGenerator(),
});
const registered: ApiTracerProvider = provider;
trace.setGlobalTracerProvider(registered);
const tracer: Tracer = provider.getTracer('lib', '1', { attributes: { plugin: { name: 'cart' } } });
const result = tracer.startActiveSpan('x', {}, context.active(), async (span) => {
  same<typeof span, StartedSpan>();
  return span.spanContext().traceId;
});
same<typeof result, Promise<string>>();
same<ReturnType<typeof tracer.enabled>, boolean>();
same<ReturnType<typeof provider.forceFlush>, Promise<void>>();
same<ReturnType<typeof provider.shutdown>, Promise<void>>();
