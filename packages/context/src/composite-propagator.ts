import {
  type Context,
  diag,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';

/** What makes up a {@link CompositePropagator}; option names of OpenTelemetry's. */
export interface CompositePropagatorOptions {
  /** Called in this order; on extract, a later one wins over an earlier one. */
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
    this.propagators = [...(options.propagators ?? [])];
    this.names = [...new Set(this.propagators.flatMap((propagator) => propagator.fields()))];
  }

  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    for (const propagator of this.propagators) {
      try {
        propagator.inject(context, carrier, setter);
      } catch (error) {
        diag.warn(`sonde: ${propagator.constructor.name} failed to inject; its headers are missing`, error);
      }
    }
  }

  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    let extracted = context;
    for (const propagator of this.propagators) {
      try {
        extracted = propagator.extract(extracted, carrier, getter);
      } catch (error) {
        diag.warn(`sonde: ${propagator.constructor.name} failed to extract; its headers are ignored`, error);
      }
    }
    return extracted;
  }

  fields(): string[] {
    return [...this.names];
  }
}
