import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';
import { ReadVariables, readSwitch, splitList, withoutCredentials } from './environment.ts';
import { openLog } from './log.ts';

function told(env: Record<string, string>) {
  const said: string[] = [];
  const variables = new ReadVariables(env);
  openLog('none', variables.environment);
  readConfiguration({}, variables.environment, (sentence) => said.push(sentence));
  return variables.tell(said);
}

describe('the variables that were read', () => {
  it('are those that are set, with their effect', () => {
    expect(
      told({
        OTEL_SERVICE_NAME: 'shop',
        OTEL_TRACES_SAMPLER: 'alwys_on',
        OTEL_PROPAGATORS: '',
        NODE_ENV: 'production',
        PATH: '/usr/bin',
      }),
    ).toEqual([
      { name: 'NODE_ENV', value: 'production', effect: 'in effect' },
      { name: 'OTEL_SERVICE_NAME', value: 'shop', effect: 'in effect' },
      {
        name: 'OTEL_TRACES_SAMPLER',
        value: 'alwys_on',
        effect: expect.stringMatching(
          /^is "alwys_on", expected one of always_on, .*; using parentbased_always_on$/,
        ),
      },
    ]);
  });

  it('a name that nobody reads is said: it may be a mistake', () => {
    expect(told({ SONDE_TOKN: 'secret', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret' })).toEqual([
      { name: 'OTEL_EXPORTER_OTLP_HEADERS', effect: 'in effect' },
      { name: 'SONDE_TOKN', effect: 'not read by Sonde' },
    ]);
  });

  it('secrets are not told', () => {
    const secret = 'hunter2';
    const all = told({
      SONDE_TOKEN: secret,
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://user:${secret}@collector:4318/x?key=${secret}`,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `ftp://${secret}@collector`,
      OTEL_RESOURCE_ATTRIBUTES: `key=${secret}`,
      OTEL_EXPORTER_OTLP_HEADERS: secret,
    });
    expect(all).toHaveLength(5);
    expect(JSON.stringify(all)).not.toContain(secret);
  });

  it.each([
    ['http://c:4318', 'http://c:4318'],
    ['http://u:p@c/', 'http://…@c/'],
    ['http://u:p@ss@c/', 'http://…@c/'],
    ['http://u:p"q@c/', 'http://…@c/'],
    ['http://c/npm/@scope', 'http://c/npm/@scope'],
    ['u:p@c:4318', '…@c:4318'],
    ['X is "u:p@s@c:4318", expected', 'X is "…@c:4318", expected'],
    ['service@c', 'service@c'],
    ['http://u:p@s@a,b=http://v:q@w@b/x', 'http://…@a,b=http://…@b/x'],
    ['X is "http://u:p@c?k=v", expected', 'X is "http://…@c?…", expected'],
  ])('%s is told as %s', (text, shown) => {
    expect(withoutCredentials(text)).toBe(shown);
  });
});

it.each([
  [undefined, []],
  ['', []],
  [' , ', []],
  ['GET, purge ,,/A', ['GET', 'purge', '/A']],
])('a list of %j is %j', (text, items) => {
  expect(splitList(text)).toEqual(items);
});

it.each([
  [undefined, [false, true], false],
  ['', [false, true], false],
  ['1', [true, true], false],
  ['0', [false, false], false],
  ['true', [false, true], true],
  ['off', [false, true], true],
  [' 1', [false, true], true],
])('a switch of %j is %j, by default off and on; whether that is wrong: %s', (value, settled, wrong) => {
  const said: string[] = [];
  const env = { SONDE_X: value };
  expect(
    [false, true].map((byDefault) => readSwitch(env, 'SONDE_X', byDefault, (one) => said.push(one))),
  ).toEqual(settled);
  expect(said).toEqual(
    wrong ? [0, 1].map((used) => `SONDE_X is "${value}", expected 0 or 1; using ${used}`) : [],
  );
});
