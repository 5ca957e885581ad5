import { describe, expect, it } from 'vitest';
import { type PagesOptions, readPagesOptions } from './pages-options.ts';

function read(env: Record<string, string>, options: PagesOptions = {}) {
  const warnings: string[] = [];
  return { ...readPagesOptions(options, env, (sentence) => warnings.push(sentence)), warnings };
}

describe('the port of the pages', () => {
  it.each([
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['0', undefined, { host: '127.0.0.1', port: 0 }],
    ['9090', undefined, { host: '127.0.0.1', port: 9090 }],
    [' 9090 ', undefined, { host: '127.0.0.1', port: 9090 }],
    ['65535', undefined, { host: '127.0.0.1', port: 65_535 }],
    ['0.0.0.0:9090', undefined, { host: '0.0.0.0', port: 9090 }],
    ['localhost:9090', undefined, { host: 'localhost', port: 9090 }],
    ['[::]:9090', undefined, { host: '::', port: 9090 }],
    ['9090', 9091, { host: '127.0.0.1', port: 9091 }],
    ['9090', '[::1]:0', { host: '::1', port: 0 }],
  ])('of SONDE_PORT=%s and option %s is %j', (value, option, port) => {
    const env = value === undefined ? {} : { SONDE_PORT: value };
    expect(read(env, option === undefined ? {} : { port: option })).toMatchObject({ port, warnings: [] });
  });

  it.each([
    '65536',
    '-1',
    '1.5',
    '0x10',
    'debug',
    ':9090',
    'host:',
    '::1:9090',
    '[::1]',
    'a b:1',
    '99999999999',
  ])('is none by SONDE_PORT=%s, and that is said', (value) => {
    expect(read({ SONDE_PORT: value })).toMatchObject({
      port: undefined,
      warnings: [
        `SONDE_PORT is "${value}", expected a port like 9090 or 0.0.0.0:9090; the pages are on the application's port`,
      ],
    });
  });

  it.each([
    [Number.NaN, '"NaN"'],
    [1.5, '"1.5"'],
    [null, 'of type object'],
    [Object.create(null), 'of type object'],
    [9090n, 'of type bigint'],
    [Symbol('port'), 'of type symbol'],
  ])('is none by an option that is no port, and that is said', (port, what) => {
    const { warnings, ...rest } = read({ SONDE_PORT: '9090' }, { port: port as never });
    expect(rest.port).toBeUndefined();
    expect(warnings[0]).toContain(`option port is ${what}, expected`);
  });
});

describe('the path of the pages', () => {
  it.each([
    [undefined, '/debug'],
    [false, false],
    ['/ops/', '/ops'],
  ])('of %j is %j', (path, settled) => {
    expect(read({}, path === undefined ? {} : { path: path as string | false })).toMatchObject({
      path: settled,
      warnings: [],
    });
  });

  it.each([
    ['debug', '"debug"'],
    [['/debug'], 'of type object'],
    [Symbol('path'), 'of type symbol'],
    [Object.create(null), 'of type object'],
    [null, 'of type object'],
    [true, 'of type boolean'],
  ])('is /debug by an option that is none, and that is said (%#)', (path, what) => {
    expect(read({}, { path: path as never })).toMatchObject({
      path: '/debug',
      warnings: [`option path is ${what}, expected something like /debug; the pages are at /debug`],
    });
  });
});

describe('authRequest', () => {
  it('is what was given', () => {
    const authRequest = () => ({ any: true, sensitive: false });
    expect(read({}, { authRequest }).authRequest).toBe(authRequest);
    expect(read({}).authRequest).toBeUndefined();
  });

  it.each([true, null, 'everybody'])('of %j keeps everybody out, and that is said', (given) => {
    const { authRequest, warnings } = read({}, { authRequest: given as never });
    expect(authRequest?.({} as never)).toEqual({ any: false, sensitive: false });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('expected function; nobody may look without the token');
  });
});

it.each([
  [undefined, undefined, true, 0],
  ['', undefined, true, 0],
  ['1', undefined, true, 0],
  ['0', undefined, false, 0],
  ['no', undefined, true, 1],
  ['0', true, true, 0],
  ['1', false, false, 0],
])('with SONDE_TRACE_LINKS=%s and option %s responses tell their trace: %s', (value, option, told, said) => {
  const env = value === undefined ? {} : { SONDE_TRACE_LINKS: value };
  const { traceLinks, warnings } = read(env, option === undefined ? {} : { traceLinks: option });
  expect([traceLinks, warnings.length]).toEqual([told, said]);
});
