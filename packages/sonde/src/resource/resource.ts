import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { basename, dirname } from 'node:path';
import type { Environment } from '../environment.ts';
import { VERSION } from '../version.ts';
import { type Container, detectContainer, type ReadFile } from './container.ts';
import { detectKubernetes } from './kubernetes.ts';

export type ResourceAttributes = Readonly<Record<string, string | number>>;

/**
 * What can be known of this process for nothing: no network, no program, no wait; two small files on Linux, one more in a
 * pod. No arguments of the command, which may be secret. Names are those of OpenTelemetry's semantic conventions for
 * resources; what is not known is left out.
 */
export function detectResource(env: Environment, read: ReadFile = readIfThere): ResourceAttributes {
  const container: Container = process.platform === 'linux' ? detectContainer(read) : {};
  return defined({
    'service.instance.id': instanceId(read),
    'service.version': versionOf(env),
    'host.name': hostname(),
    'host.arch': ARCHITECTURES[process.arch] ?? process.arch,
    'os.type': process.platform === 'win32' ? 'windows' : process.platform,
    'os.version': release(),
    'process.pid': process.pid,
    'process.executable.name': basename(process.execPath),
    'process.executable.path': process.execPath,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.runtime.description': 'Node.js',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'sonde',
    'telemetry.sdk.version': VERSION,
    'container.id': container.id,
    ...detectKubernetes(env, container, read),
  });
}

/** A random UUID. Linux gives one out as a file, for a twentieth of what it takes to load node:crypto. */
function instanceId(read: ReadFile): string {
  const given = process.platform === 'linux' ? read('/proc/sys/kernel/random/uuid')?.trim() : undefined;
  return given || process.getBuiltinModule('node:crypto').randomUUID({ disableEntropyCache: true });
}

/** As the semantic conventions call them, where Node does not. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  arm: 'arm32',
  ia32: 'x86',
  ppc: 'ppc32',
  x64: 'amd64',
};

/** npm tells it to the scripts that it runs, and these to all their children: only what was begun here is of this package. */
function versionOf(env: Environment): string | undefined {
  const { npm_package_json: manifest, npm_package_version: version } = env;
  return manifest && dirname(manifest) === process.cwd() ? version : undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function defined(attributes: Record<string, string | number | undefined>): ResourceAttributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(
      (entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
}
