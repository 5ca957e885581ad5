import { type Span, SpanKind, trace } from '@opentelemetry/api';
import type { LabelSource, Labels } from '@sonde/runtime';
import type { ReadableSpan } from '../readable-span.ts';
import { familyOf } from '../requests/family.ts';
import type { RequestStore } from '../requests/request-store.ts';
import { withoutSecrets } from '../secrets.ts';

/** Longer names of families and spans are cut: tools show labels in one line. */
const LONGEST = 200;
/** Spans between one and that of its request: deeper ones have no family. */
const DEEPEST = 100;

/**
 * Labels samples of a profile by the span that was active: `family`, as on `/debug/requests`, `span`, its name, `trace_id`
 * and `span_id`. What ran for no span has none. So `go tool pprof -tagfocus` finds the CPU of a route, or of one request.
 */
export function spanLabels(store: RequestStore): LabelSource {
  return {
    current: activeSpan,
    labelsOf(subjects) {
      const spans = new Map(subjects.map((span) => [(span as Span).spanContext().spanId, span as KnownSpan]));
      const families = familiesBySpan(store);
      return subjects.map((span) => labelsOf(span as KnownSpan, spans, families));
    },
  };
}

/** A span of whichever provider; what it does not tell is undefined. */
type KnownSpan = Span & Partial<ReadableSpan>;

function activeSpan(): object | undefined {
  try {
    return trace.getActiveSpan();
  } catch {
    // A context manager of others failed; it will tell its own.
    return undefined;
  }
}

function labelsOf(
  span: KnownSpan,
  spans: ReadonlyMap<string, KnownSpan>,
  families: ReadonlyMap<string, string>,
): Labels {
  const { spanId, traceId } = span.spanContext();
  const family = families.get(spanId) ?? familyAbove(span, spans, families);
  return {
    ...(family !== undefined && { family: family.slice(0, LONGEST) }),
    ...(span.name !== undefined && { span: withoutSecrets(`${span.name}`).slice(0, LONGEST) }),
    trace_id: traceId,
    span_id: spanId,
  };
}

/** The store forgets most requests within the seconds of a profile: their spans are known by having been active. */
function familyAbove(
  span: KnownSpan,
  spans: ReadonlyMap<string, KnownSpan>,
  families: ReadonlyMap<string, string>,
): string | undefined {
  let at: KnownSpan | undefined = span;
  for (let depth = 0; at !== undefined && depth < DEEPEST; depth++) {
    const parent: KnownSpan['parentSpanContext'] = at.parentSpanContext;
    if (at.name !== undefined && (parent === undefined || parent.isRemote || at.kind === SpanKind.SERVER)) {
      return familyOf(at as ReadableSpan);
    }
    const known = families.get(parent?.spanId ?? '');
    if (known !== undefined) return known;
    at = spans.get(parent?.spanId ?? '');
  }
  return undefined;
}

/** Of all spans that are kept, running ones included. */
function familiesBySpan(store: RequestStore): Map<string, string> {
  const families = new Map<string, string>();
  for (const { family, root, spans } of store.all()) {
    for (const span of [root, ...spans]) families.set(span.spanContext().spanId, family);
  }
  return families;
}
