import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path of this repository. */
export const repository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * A project in an empty folder, as a user has it: our packages as they are built, with those that they need, and of
 * OpenTelemetry what is installed in `home` and nothing else. Links into this repository would lead our packages back to
 * its own api.
 */
export function makeProject(home: string, packages: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), 'sonde-project-'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const name of withDependencies(packages)) {
    for (const part of ['dist', 'package.json']) {
      const to = join(project, 'node_modules/@sonde', name, part);
      cpSync(repository(`packages/${name}/${part}`), to, { recursive: true });
    }
  }
  const theirs = repository(`${home}/node_modules/@opentelemetry`);
  mkdirSync(join(project, 'node_modules/@opentelemetry'));
  for (const name of readdirSync(theirs)) {
    symlinkSync(realpathSync(join(theirs, name)), join(project, 'node_modules/@opentelemetry', name));
  }
  return project;
}

/** Those packages of ours, and what they depend on of ours. */
function withDependencies(packages: readonly string[]): Set<string> {
  const needed = new Set(packages);
  for (const name of needed) {
    const { dependencies = {} } = JSON.parse(
      readFileSync(repository(`packages/${name}/package.json`), 'utf8'),
    );
    for (const dependency of Object.keys(dependencies)) {
      if (dependency.startsWith('@sonde/')) needed.add(dependency.slice('@sonde/'.length));
    }
  }
  return needed;
}
