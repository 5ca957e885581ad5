import { type Context, propagation, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';
import { LazyBaggage } from './baggage.ts';
import { serializeBaggage } from './baggage-header.ts';
import { withBaggage } from './carried-context.ts';
import { GuardedPropagator } from './guarded-propagator.ts';
import { headerValue } from './header.ts';

const BAGGAGE = 'baggage';

/**
 * Reads and writes the `baggage` header: key-value pairs that travel with a request through all services. A header
 * that nobody reads or changes goes on byte for byte. A malformed member is left out and the others are kept; so is
 * what is beyond 64 members or 8,192 characters.
 *
 * Source: W3C Baggage.
 */
export class W3CBaggagePropagator extends GuardedPropagator {
  fields(): string[] {
    return [BAGGAGE];
  }

  protected write<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const baggage = propagation.getBaggage(context);
    if (baggage === undefined) return;
    const header =
      baggage instanceof LazyBaggage ? baggage.serialize() : serializeBaggage(baggage.getAllEntries());
    if (header !== '') setter.set(carrier, BAGGAGE, header);
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const header = headerValue(carrier, getter, BAGGAGE);
    const baggage = header === undefined ? undefined : LazyBaggage.fromHeader(header);
    return baggage === undefined ? context : withBaggage(context, baggage);
  }
}
