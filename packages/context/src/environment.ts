import {
  type Context,
  context as contextApi,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api';
import { isContext } from './guarded-propagator.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

/** Environment variables, as `process.env` and the option `env` of `child_process.spawn` have them. */
export type Environment = Record<string, string | undefined>;

/**
 * The variable that carries a header: upper case, and `_` for whatever is no ASCII letter or digit: `traceparent`
 * travels in TRACEPARENT, `x-b3-traceid` in X_B3_TRACEID.
 *
 * Source: OpenTelemetry specification, "Environment Variables as Context Propagation Carriers".
 */
function variableOf(name: string): string {
  const variable = name.replace(/[^A-Za-z0-9_]/g, '_').toUpperCase();
  return VARIABLE.test(variable) ? variable : `_${variable}`;
}

const VARIABLE = /^[A-Z_][A-Z0-9_]*$/;

/** Reads headers from environment variables; only those named as {@link environmentSetter} names them. */
export const environmentGetter: TextMapGetter<Environment> = {
  get: (env, name) => safely(() => env[variableOf(name)], undefined),
  keys: (env) => safely(() => Object.keys(env).filter((name) => VARIABLE.test(name)), []),
};

/** Writes headers to environment variables. */
export const environmentSetter: TextMapSetter<Environment> = {
  set(env, name, value) {
    safely(() => {
      env[variableOf(name)] = value;
    }, undefined);
  },
};

/**
 * The environment for a child process that goes on with the active trace. `env` itself is not changed, and what it
 * holds of another trace (of the parent's own parent) does not get through.
 *
 * @param env default: this process's environment
 * @param context default: the active one
 *
 * @example
 * spawn(process.execPath, ['report.js'], { env: injectEnvironment() });
 */
export function injectEnvironment(
  env: Environment = process.env,
  context: Context = contextApi.active(),
): Environment {
  try {
    const copy: Environment = { ...env };
    for (const name of headerNames()) delete copy[variableOf(name)];
    propagation.inject(context, copy, environmentSetter);
    return copy;
  } catch (error) {
    sayOnce('an environment could not be given a trace and is handed on as it is', error);
    return env;
  }
}

/** All that the propagator writes or reads, which may be more: each format of B3 is read, and one is written. */
function headerNames(): Set<string> {
  const names = new Set(propagation.fields());
  const get = (_carrier: unknown, name: string) => {
    names.add(name);
    return undefined;
  };
  propagation.extract(ROOT_CONTEXT, {}, { get, keys: () => [] });
  return names;
}

/**
 * The context that the parent process handed over in the environment; `context` where there is none.
 *
 * @param context what to add to; default: the root context
 * @param env default: this process's environment
 *
 * @example
 * context.with(extractEnvironment(), () => withSpan('report', main));
 */
export function extractEnvironment(context: Context = ROOT_CONTEXT, env: Environment = process.env): Context {
  try {
    return propagation.extract(context, env, environmentGetter);
  } catch (error) {
    sayOnce('an environment could not be read for a trace', error);
    return isContext(context) ? context : ROOT_CONTEXT;
  }
}
