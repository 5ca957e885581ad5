import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';

/** docs/ARCHITECTURE.md, as a table: a package imports from lower floors alone, never from its own or a higher one. */
const FLOORS: Readonly<Record<string, number>> = {
  '@sonde/core': 1,
  '@sonde/context': 1,
  '@sonde/httptrace': 1,
  '@sonde/runtime': 1,
  '@sonde/http': 2,
  '@sonde/debug': 2,
  sonde: 3,
};

const API = '@opentelemetry/api';
/** What a package may import of OpenTelemetry in its shipped sources. */
const OPENTELEMETRY: Readonly<Record<string, readonly string[]>> = {
  '@sonde/httptrace': [],
  '@sonde/runtime': [],
  sonde: [API, '@opentelemetry/sdk-trace-base', '@opentelemetry/exporter-trace-otlp-http'],
};

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Every breach of the import rule in the repository at `root`, one sentence each. */
export function breaches(root: string): string[] {
  const packages = new Map<string, Manifest>();
  for (const folder of readdirSync(join(root, 'packages'))) {
    const manifest = readManifest(join(root, 'packages', folder, 'package.json'));
    packages.set(manifest.name, manifest);
  }
  const found: string[] = [];
  for (const manifest of packages.values()) found.push(...manifestBreaches(manifest));
  for (const file of ['packages', 'test', 'examples'].flatMap((area) => sourcesBelow(root, area))) {
    for (const specifier of importsOf(join(root, file))) {
      const reason = breach(root, file, specifier, packages);
      if (reason !== undefined) found.push(`${file} imports ${specifier}: ${reason}`);
    }
  }
  return found;
}

function sourcesBelow(root: string, area: string): string[] {
  if (!existsSync(join(root, area))) return [];
  return readdirSync(join(root, area), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[cm]?[jt]s$/.test(path) && !/(?:^|\/)(?:node_modules|dist|\.out)\//.test(path))
    .map((path) => join(area, path))
    .sort();
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/** Static and dynamic imports, re-exports, and `require` of a literal. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const { module } = parseSync(path, text);
  const literal = (start: number, end: number) => /^(['"`])(.*)\1$/s.exec(text.slice(start, end))?.[2];
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.map(({ moduleRequest }) => moduleRequest?.value),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => literal(moduleRequest.start, moduleRequest.end)),
    ...[...text.matchAll(/\brequire\((['"])([^'"]+)\1\)/g)].map((match) => match[2]),
  ].filter((specifier) => specifier !== undefined);
}

function breach(
  root: string,
  file: string,
  specifier: string,
  packages: ReadonlyMap<string, Manifest>,
): string | undefined {
  const [area, folder] = file.split('/') as [string, string];
  if (specifier.startsWith('.')) {
    const target = relative(root, resolve(root, dirname(file), specifier));
    const home = area === 'packages' ? join(area, folder, 'src') : area;
    // Build configuration may be read by tests; sources of packages may not.
    return target.startsWith(`${home}/`) || !target.startsWith('packages/')
      ? undefined
      : 'it is inside another package; use its exports';
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name.startsWith('node:') || builtinModules.includes(name)) return undefined;
  const target = packages.get(name);
  if (target !== undefined && !isExported(target, `.${specifier.slice(name.length)}`))
    return 'it is not exported';
  if (area !== 'packages') return undefined;

  const manifest = readManifest(join(root, area, folder, 'package.json'));
  const isTest = file.endsWith('.test.ts');
  if (target !== undefined && (FLOORS[name] ?? 0) >= (FLOORS[manifest.name] ?? 0)) {
    return `${name} is not on a lower floor than ${manifest.name}`;
  }
  if (!isTest && name.startsWith('@opentelemetry/')) {
    const allowed = OPENTELEMETRY[manifest.name] ?? [API];
    if (!allowed.includes(name))
      return `${manifest.name} may import ${allowed.join(', ') || 'nothing'} of OpenTelemetry`;
  }
  const declared = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...(isTest ? manifest.devDependencies : {}),
  };
  // The test runner belongs to the repository.
  if (!(name in declared) && !(isTest && name === 'vitest')) return `${manifest.name} does not declare it`;
  return undefined;
}

function isExported({ exports = {} }: Manifest, subpath: string): boolean {
  return subpath in exports;
}

function manifestBreaches({ dependencies = {}, name }: Manifest): string[] {
  return Object.keys(dependencies)
    .filter((dependency) => (FLOORS[dependency] ?? 0) >= (FLOORS[name] ?? 0))
    .map((dependency) => `${name} depends on ${dependency}, which is not on a lower floor`);
}
