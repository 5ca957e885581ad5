import { exchangeOf } from './exchange.ts';
import { loadedFrom } from './loaded-modules.ts';

/** As much of Koa's context as its route needs: @koa/router leaves it there. */
interface KoaContext {
  readonly _matchedRoute?: unknown;
}

interface KoaApplication {
  createContext(request: object, response: object): KoaContext;
}

const FILE = /[\\/]koa[\\/]lib[\\/]application\.js$/;

/**
 * Koa tells nobody of its contexts, and the context alone knows the route: so `createContext` is wrapped in each copy of
 * Koa that is loaded when `look` is called. It is found where Node keeps CommonJS modules, which Koa's is for an `import`
 * too.
 */
export class KoaWatch {
  private readonly wrapped = new Set<KoaApplication>();
  private readonly undo: (() => void)[] = [];

  look(): void {
    for (const exported of loadedFrom(FILE)) {
      const application = (exported as { prototype?: KoaApplication } | undefined)?.prototype;
      if (typeof application?.createContext === 'function') this.wrap(application);
    }
  }

  uninstall(): void {
    for (const restore of this.undo.splice(0)) restore();
    this.wrapped.clear();
  }

  private wrap(application: KoaApplication): void {
    if (this.wrapped.has(application)) return;
    this.wrapped.add(application);
    const { createContext } = application;
    const wrapped = function (this: KoaApplication, request: object, response: object): KoaContext {
      const context = createContext.call(this, request, response);
      const exchange = exchangeOf(request);
      if (exchange !== undefined) exchange.koa = context;
      return context;
    };
    application.createContext = wrapped;
    this.undo.push(() => {
      if (application.createContext === wrapped) application.createContext = createContext;
    });
  }
}
