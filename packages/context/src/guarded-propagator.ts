import {
  type Context,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { sayOnce } from './report.ts';
import { isTracingSuppressed } from './suppression.ts';

/**
 * A propagator out of which nothing is thrown, whatever carrier, getter, setter and context it is given: they are
 * other people's code in the middle of a request (specification, Propagators API: extract "MUST NOT throw").
 */
export abstract class GuardedPropagator implements TextMapPropagator {
  /** Writes nothing where tracing is suppressed. */
  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    try {
      if (isContext(context) && !isTracingSuppressed(context)) this.write(context, carrier, setter);
    } catch (error) {
      sayOnce(`${this.constructor.name} could not inject, so headers are missing`, error);
    }
  }

  /** Answers `context` unchanged when the carrier holds nothing that is valid. */
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const base = isContext(context) ? context : ROOT_CONTEXT;
    try {
      return this.read(base, carrier, getter);
    } catch (error) {
      sayOnce(`${this.constructor.name} could not extract, so headers were ignored`, error);
      return base;
    }
  }

  abstract fields(): string[];

  protected abstract write<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void;

  protected abstract read<Carrier>(
    context: Context,
    carrier: Carrier,
    getter: TextMapGetter<Carrier>,
  ): Context;
}

export function isContext(candidate: unknown): candidate is Context {
  try {
    return typeof (candidate as Partial<Context> | null | undefined)?.getValue === 'function';
  } catch {
    return false;
  }
}
