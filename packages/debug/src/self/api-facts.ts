import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { context, propagation, trace } from '@opentelemetry/api';

/** What is registered with the OpenTelemetry API, and which copies of it are loaded. */
export interface ApiFacts {
  /** The class of the registered provider; absent while there is none, or none that our copy of the api may use. */
  readonly provider?: string;
  readonly contextManager?: string;
  /** The headers that the registered propagator reads and writes. */
  readonly propagatedHeaders: readonly string[];
  /** The version that registered first; others have to fit it. */
  readonly registeredVersion?: string;
  readonly copies: readonly ApiCopy[];
}

export interface ApiCopy {
  readonly version: string;
  /** Relative to the working directory. */
  readonly path: string;
  /** Whether it sees what is registered. One that does not makes spans that record nothing, without a word. */
  readonly sees: boolean;
}

/** Under which all copies of version 1 of the api meet. Source: `GLOBAL_OPENTELEMETRY_API_KEY` of @opentelemetry/api. */
const GLOBAL = Symbol.for('opentelemetry.js.api.1');

export function readApi(): ApiFacts {
  const registered = (globalThis as { [GLOBAL]?: { version?: unknown } })[GLOBAL]?.version;
  const registeredVersion = typeof registered === 'string' ? registered : undefined;
  const provider = providerName();
  const contextManager = contextManagerName();
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(contextManager === undefined ? {} : { contextManager }),
    propagatedHeaders: guarded(() => propagation.fields().map(String)) ?? [],
    ...(registeredVersion === undefined ? {} : { registeredVersion }),
    copies: loadedCopies(registeredVersion),
  };
}

/** The api hands out a stand-in; behind it is the provider, or one that does nothing. */
function providerName(): string | undefined {
  return guarded(() => {
    const provider = trace.getTracerProvider() as { getDelegate?(): object };
    const name = (provider.getDelegate?.() ?? provider).constructor.name;
    return name === 'NoopTracerProvider' || name === 'ProxyTracerProvider' ? undefined : name;
  });
}

function contextManagerName(): string | undefined {
  return guarded(() => {
    const { name } = (context as unknown as { _getContextManager(): object })._getContextManager()
      .constructor;
    return name === 'NoopContextManager' ? undefined : name;
  });
}

/** What is registered is foreign. */
function guarded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const VERSION_FILE = /[\\/]@opentelemetry[\\/]api[\\/]build[\\/]\w+[\\/]version\.js$/;

/**
 * The api is CommonJS, so Node keeps its modules by name, whoever imported them. A copy that a bundler has swallowed is
 * not found so.
 */
function loadedCopies(registered: string | undefined): ApiCopy[] {
  // One from beside Node itself: a program in one CommonJS bundle has no `import.meta.url`.
  const { cache } = createRequire(process.execPath);
  const copies: ApiCopy[] = [];
  for (const path in cache) {
    if (!VERSION_FILE.test(path)) continue;
    const version: unknown = cache[path]?.exports?.VERSION;
    if (typeof version !== 'string') continue;
    const folder = relative(process.cwd(), path.replace(/[\\/]build[\\/]\w+[\\/]version\.js$/, ''));
    copies.push({ version, path: folder, sees: registered === undefined || fits(version, registered) });
  }
  return copies;
}

/**
 * Whether a copy of the api takes what another version has registered: of the same major version, and registered by one
 * that is not older. Source: `isCompatible` of @opentelemetry/api.
 */
export function fits(version: string, registered: string): boolean {
  if (version === registered) return true;
  const [major, minor] = version.split('.').map(Number);
  const [registeredMajor, registeredMinor] = registered.split('.').map(Number);
  if (version.includes('-') || registered.includes('-')) return false;
  return major === registeredMajor && (minor as number) <= (registeredMinor as number);
}
