import { createRequire } from 'node:module';
import { join } from 'node:path';
import { context } from '@opentelemetry/api';
import { loadedFrom } from './loaded-modules.ts';
import { servedIn } from './request-context.ts';
import { tellRoute } from './route.ts';

/** What Hono's routers answer: the handlers that match, in order, each with where it was registered. */
type MatchResult = readonly [
  handlers: readonly (readonly [[handler: unknown, route: HonoRoute], ...unknown[]])[],
];

/** Of one handler or middleware. */
export interface HonoRoute {
  readonly method: string;
  readonly path: string;
}

interface SmartRouter {
  match(method: string, path: string): MatchResult;
}

interface RouterModule {
  readonly SmartRouter?: { readonly prototype?: SmartRouter };
}

const ROUTER = 'hono/router/smart-router';
const REQUIRED = /[\\/]hono[\\/]dist[\\/]cjs[\\/]router[\\/]smart-router[\\/]router\.js$/;

/**
 * Hono tells nobody of its routes but its own handlers: so the `match` of its SmartRouter is wrapped, which every `Hono`
 * of `hono` and `hono/quick` asks once for each request, in the copy that is loaded when `look` is called. Of CommonJS
 * Node keeps what is loaded by name. Of ES modules it answers the one that is loaded to who requires its file, and
 * that file is looked for from the program's own.
 */
export class HonoWatch {
  private readonly wrapped = new Set<SmartRouter>();
  private readonly undo: (() => void)[] = [];
  private active = true;

  look(): void {
    const required = loadedFrom(REQUIRED);
    for (const exported of required.length > 0 ? required : [requiredModule()]) {
      const prototype = (exported as RouterModule | undefined)?.SmartRouter?.prototype;
      if (typeof prototype?.match === 'function') this.wrap(prototype);
    }
  }

  uninstall(): void {
    this.active = false;
    for (const restore of this.undo.splice(0)) restore();
  }

  private wrap(prototype: SmartRouter): void {
    if (this.wrapped.has(prototype)) return;
    this.wrapped.add(prototype);
    const { match } = prototype;
    const told = (result: MatchResult): MatchResult => {
      if (this.active) tellMatch(result);
      return result;
    };
    const wrapped = function (this: SmartRouter, method: string, path: string): MatchResult {
      const result = match.call(this, method, path);
      if (Object.hasOwn(this, 'match')) {
        // From now on, it is the router that it has decided for.
        const { match: decided } = this;
        this.match = (method, path) => told(decided(method, path));
      }
      return told(result);
    };
    prototype.match = wrapped;
    this.undo.push(() => {
      if (prototype.match === wrapped) prototype.match = match;
    });
  }
}

/** The ES module of the router that the program has, or would have: two small files. */
function requiredModule(): unknown {
  try {
    const require = createRequire(process.argv[1] ?? join(process.cwd(), 'program.js'));
    return require(require.resolve(ROUTER).replace(/([\\/]dist)[\\/]cjs(?=[\\/])/, '$1'));
  } catch {
    return undefined; // There is no Hono, or a Node that does not require ES modules.
  }
}

/** Tells the route of the request in whose context a router was asked. */
function tellMatch(result: MatchResult): void {
  try {
    const exchange = servedIn(context.active());
    const found = exchange && result[0].find(([[, route]]) => !isMiddleware(route));
    if (found !== undefined) tellRoute(exchange, found[0][1].path);
  } catch {
    // Of another shape than those of Hono 4.
  }
}

/** What matches every path below its own is there for what other handlers answer. */
export function isMiddleware({ method, path }: HonoRoute): boolean {
  return method === 'ALL' && path.endsWith('*');
}
