import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const document = readFileSync(join(here, '../../../docs/CONFIGURATION.md'), 'utf8');
const [variables = '', options = ''] = document.split('## Options of `start()`');
/** What stands in the first column of the tables. */
const named = (text: string): string[] =>
  [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
  );

/** Every name that is asked for when the configuration is read, whatever the answers. */
function variablesRead(): Set<string> {
  const asked = new Set<string>();
  for (const value of [undefined, '', '1', 'http://localhost:4318', 'traceidratio']) {
    const env = new Proxy({} as Record<string, string | undefined>, {
      get: (_target, name) => {
        asked.add(String(name));
        return value;
      },
    });
    readConfiguration({}, env, () => {});
  }
  return asked;
}

/** What is left to OpenTelemetry's exporter, as its own source names it. */
function variablesOfExporter(): string[] {
  const require = createRequire(import.meta.url);
  const exporter = createRequire(require.resolve('@opentelemetry/exporter-trace-otlp-http'));
  const folder = join(dirname(exporter.resolve('@opentelemetry/otlp-exporter-base')), 'configuration');
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const general = [...source.matchAll(/OTEL_EXPORTER_OTLP_[A-Z_]*[A-Z]/g)].map(([name]) => name);
  return [...new Set(general.flatMap((name) => [name, name.replace('OTLP_', 'OTLP_TRACES_')]))];
}

it('docs/CONFIGURATION.md has every variable that is read, and no other', () => {
  expect(named(variables).sort()).toEqual(
    [...new Set([...variablesRead(), ...variablesOfExporter()])].sort(),
  );
});

it('docs/CONFIGURATION.md has every option of start(), and no other', () => {
  const source = ['configuration.ts', 'pages-options.ts', 'peer-options.ts']
    .map((name) => readFileSync(join(here, name), 'utf8'))
    .join('\n');
  const interfaces = source.match(/^export interface \w*(?:StartOptions|PagesOptions) .*?^}/gms) ?? [];
  const declared = interfaces.flatMap((text) =>
    [...text.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name),
  );
  expect(named(options).sort()).toEqual(declared.sort());
});
