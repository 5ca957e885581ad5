import { context, propagation, trace } from '@opentelemetry/api';
import { type ApiCopy, loadedApiCopies, registeredApiVersion } from './api-copies.ts';

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

export function readApi(): ApiFacts {
  const registeredVersion = registeredApiVersion();
  const provider = providerName();
  const contextManager = contextManagerName();
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(contextManager === undefined ? {} : { contextManager }),
    propagatedHeaders: guarded(() => propagation.fields().map(String)) ?? [],
    ...(registeredVersion === undefined ? {} : { registeredVersion }),
    copies: loadedApiCopies(registeredVersion),
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
