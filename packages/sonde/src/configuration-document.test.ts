import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';
import { openLog } from './log.ts';
import { detectResource } from './resource/resource.ts';

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
    openLog(undefined, env, () => {});
    detectResource(env, () => undefined);
  }
  const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' } as Record<string, string | undefined>;
  const asks = new Proxy(inPod, {
    get: (env, name: string) => {
      asked.add(name);
      return env[name];
    },
  });
  detectResource(asks, () => undefined);
  return asked;
}

it('docs/CONFIGURATION.md has every variable that is read, and no other', () => {
  expect(named(variables).sort()).toEqual([...variablesRead()].sort());
});

it('docs/CONFIGURATION.md has every option of start(), and no other', () => {
  const source = [
    'configuration.ts',
    'exporters.ts',
    'otlp/settings.ts',
    'pages-options.ts',
    'peer-options.ts',
  ]
    .map((name) => readFileSync(join(here, name), 'utf8'))
    .join('\n');
  const interfaces =
    source.match(/^export interface \w*(?:StartOptions|PagesOptions|ExporterOptions) .*?^}/gms) ?? [];
  const declared = interfaces.flatMap((text) =>
    [...text.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name),
  );
  expect(named(options).sort()).toEqual(declared.sort());
});
