import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';

/** A copy of `@opentelemetry/api` that is loaded. */
export interface ApiCopy {
  readonly version: string;
  /** Relative to the working directory. */
  readonly path: string;
  /** Whether it sees what is registered. One that does not makes spans that record nothing, without a word. */
  readonly sees: boolean;
}

/** Under which all copies of version 1 of the api meet. Source: `GLOBAL_OPENTELEMETRY_API_KEY` of @opentelemetry/api. */
const GLOBAL = Symbol.for('opentelemetry.js.api.1');

/** The version that registered first; others have to fit it. */
export function registeredApiVersion(): string | undefined {
  const version = (globalThis as { [GLOBAL]?: { version?: unknown } })[GLOBAL]?.version;
  return typeof version === 'string' ? version : undefined;
}

/**
 * Of each copy of `@opentelemetry/api` in this process that does not see what is registered with another, one sentence that
 * says what to do. A look through all modules that are loaded: for now and then.
 */
export function blindApiCopies(): string[] {
  const registered = registeredApiVersion();
  return sentencesOn(loadedApiCopies(registered), registered);
}

export function sentencesOn(copies: readonly ApiCopy[], registered: string | undefined): string[] {
  return copies
    .filter(({ sees }) => !sees)
    .map(
      ({ path, version }) =>
        `@opentelemetry/api ${version} at ${path} does not see what version ${registered} has registered, so its spans record nothing: let one version of the package be installed (npm ls @opentelemetry/api).`,
    );
}

/** 1.9 and before, and since 1.10. */
const VERSION_FILE = /[\\/]@opentelemetry[\\/]api[\\/](?:build[\\/]\w+|dist)[\\/]version\.c?js$/;

/**
 * Node keeps modules that are CommonJS by name, whoever imported them: up to 1.9 the api is nothing else. A copy that a
 * bundler has swallowed is not found so. Since 1.10, modules of ECMAScript get one that Node does not tell of: instead, the
 * one that the program's main file would get is here, if it does not see what is registered.
 */
export function loadedApiCopies(registered: string | undefined): ApiCopy[] {
  // One from beside Node itself: a program in one CommonJS bundle has no `import.meta.url`.
  const { cache } = createRequire(process.execPath);
  const copies: ApiCopy[] = [];
  const add = (version: unknown, folder: string, onlyBlind: boolean): void => {
    const path = relative(process.cwd(), folder);
    const sees = typeof version !== 'string' || registered === undefined || fits(version, registered);
    if (typeof version !== 'string' || (onlyBlind && (sees || copies.some((copy) => copy.path === path))))
      return;
    copies.push({ version, path, sees });
  };
  for (const path in cache) {
    if (!VERSION_FILE.test(path)) continue;
    add(
      cache[path]?.exports?.VERSION,
      path.replace(/[\\/](?:build[\\/]\w+|dist)[\\/]version\.c?js$/, ''),
      false,
    );
  }
  const main = copyOfMain();
  if (main !== undefined) add(main.version, main.folder, true);
  return copies;
}

function copyOfMain(): { version: unknown; folder: string } | undefined {
  try {
    const main = process.argv[1] as string;
    // A tool that runs the program has what it has for itself, and may not load it.
    if (/[\\/]node_modules[\\/]/.test(main)) return undefined;
    const entry = createRequire(main).resolve('@opentelemetry/api');
    const [folder] = /^.*[\\/]@opentelemetry[\\/]api(?=[\\/])/.exec(entry) as RegExpExecArray;
    return {
      ...(JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: unknown }),
      folder,
    };
  } catch {
    // There is no main file, or it has no copy.
    return undefined;
  }
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
