import {
  type Context,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { GuardedPropagator, isContext } from './guarded-propagator.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

/** What makes up a {@link CompositePropagator}; option names of OpenTelemetry's. */
export interface CompositePropagatorOptions {
  /**
   * Called in this order; on extract, a later one wins over an earlier one. One that stands twice is called once,
   * and so is a second one of this package's that writes the same headers in the same way.
   */
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
    let extracted = isContext(context) ? context : ROOT_CONTEXT;
    for (const propagator of this.propagators) {
      try {
        const next = propagator.extract(extracted, carrier, getter);
        if (isContext(next)) extracted = next;
        else sayOnce(`${nameOf(propagator)} extracted something that is no context, which is ignored`);
      } catch (error) {
        sayOnce(`${nameOf(propagator)} threw in extract, so headers were ignored`, error);
      }
    }
    return extracted;
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
  return fit.filter((propagator, i) => fit.findIndex((other) => doTheSame(other, propagator)) === i);
}

/** Of ours, class and headers say all that there is to know; of others' nothing is known. */
function doTheSame(a: TextMapPropagator, b: TextMapPropagator): boolean {
  if (a === b) return true;
  if (!(a instanceof GuardedPropagator && b instanceof GuardedPropagator)) return false;
  return a.constructor === b.constructor && fieldsOf(a).join() === fieldsOf(b).join();
}

function fieldsOf(propagator: TextMapPropagator): string[] {
  return safely(() => propagator.fields().map(String), []);
}

function nameOf(propagator: TextMapPropagator): string {
  return safely(() => String(propagator.constructor.name), 'a propagator');
}
