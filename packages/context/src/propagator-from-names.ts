import { diag, type TextMapPropagator } from '@opentelemetry/api';
import { B3Propagator } from './b3-propagator.ts';
import { CompositePropagator } from './composite-propagator.ts';
import { JaegerPropagator } from './jaeger-propagator.ts';
import { safely } from './safely.ts';
import { W3CBaggagePropagator } from './w3c-baggage-propagator.ts';
import { W3CTraceContextPropagator } from './w3c-trace-context-propagator.ts';

const DEFAULT = 'tracecontext,baggage';
const NONE = 'none';

const propagators = new Map<string, () => TextMapPropagator>([
  ['tracecontext', () => new W3CTraceContextPropagator()],
  ['baggage', () => new W3CBaggagePropagator()],
  ['b3', () => new B3Propagator()],
  ['b3multi', () => new B3Propagator({ injectEncoding: 'multi' })],
  ['jaeger', () => new JaegerPropagator()],
]);

/**
 * The propagators that the variable OTEL_PROPAGATORS names, as one: `tracecontext`, `baggage`, `b3`, `b3multi`,
 * `jaeger`, separated by commas, in their order, each once. `none` anywhere means none at all. A name that is not
 * known is left out and said. Nothing named, or nothing that is known, means `tracecontext,baggage`.
 *
 * Source: OpenTelemetry specification, "General SDK Configuration".
 *
 * @param warn told in one sentence what is wrong; default: the api's `diag.warn`
 */
export function propagatorFromNames(
  names: string | undefined,
  warn: (sentence: string) => void = (sentence) => diag.warn(`sonde: ${sentence}`),
): CompositePropagator {
  const wanted = namesIn(names);
  if (wanted.has(NONE)) return new CompositePropagator();
  const known = [...wanted].filter((name) => propagators.has(name));
  const expected = [...propagators.keys(), NONE].join(', ');
  const so = known.length === 0 ? `${DEFAULT} are used` : 'it is left out';
  for (const name of wanted) {
    if (propagators.has(name)) continue;
    safely(
      () => warn(`OTEL_PROPAGATORS has "${name.slice(0, 100)}", expected ${expected}; ${so}`),
      undefined,
    );
  }
  if (known.length === 0) known.push(...namesIn(DEFAULT));
  return new CompositePropagator({ propagators: known.flatMap((name) => propagators.get(name)?.() ?? []) });
}

function namesIn(list: unknown): Set<string> {
  const names = typeof list === 'string' ? list.split(',') : [];
  return new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''));
}
