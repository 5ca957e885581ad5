import {
  type Context,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { isContext } from './guarded-propagator.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

/** What makes up a {@link CompositePropagator}; option names of OpenTelemetry's. */
export interface CompositePropagatorOptions {
  /** Called in this order; on extract, a later one wins over an earlier one. One that stands twice is called once. */
  propagators?: TextMapPropagator[];
}

/**
 * Several propagators as one. One that throws is said and passed over; the others do their part.
 *
 * Source: OpenTelemetry specification, Propagators API, "Composite Propagator".
 */
export class CompositePropagator implements TextMapPropagator {
  private readonly propagators: readonly TextMapPropagator[];
  private readonly names: readonly string[];

  constructor(options: CompositePropagatorOptions = {}) {
    this.propagators = settle(options);
    this.names = [...new Set(this.propagators.flatMap(fieldsOf))];
  }

  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    for (const propagator of this.propagators) {
      try {
        propagator.inject(context, carrier, setter);
      } catch (error) {
        sayOnce(`${nameOf(propagator)} threw in inject, so headers are missing`, error);
      }
    }
  }

  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    let extracted = context;
    for (const propagator of this.propagators) {
      try {
        extracted = propagator.extract(extracted, carrier, getter);
      } catch (error) {
        sayOnce(`${nameOf(propagator)} threw in extract, so headers were ignored`, error);
      }
    }
    return isContext(extracted) ? extracted : ROOT_CONTEXT;
  }

  /** All headers, each once. */
  fields(): string[] {
    return [...this.names];
  }
}

function settle(options: CompositePropagatorOptions): TextMapPropagator[] {
  const given = safely(() => [...new Set(options.propagators ?? [])], []);
  const fit = given.filter((propagator) =>
    safely(() => typeof propagator.inject === 'function' && typeof propagator.extract === 'function', false),
  );
  if (fit.length < given.length) {
    sayOnce('a CompositePropagator was given something without inject and extract, which is left out');
  }
  return fit;
}

function fieldsOf(propagator: TextMapPropagator): string[] {
  return safely(() => propagator.fields().map(String), []);
}

function nameOf(propagator: TextMapPropagator): string {
  return safely(() => String(propagator.constructor.name), 'a propagator');
}
