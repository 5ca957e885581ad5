import { describe, expect, it } from 'vitest';
import { readConfiguration, type StartOptions } from './configuration.ts';

function read(env: Record<string, string>, options: StartOptions = {}) {
  const warnings: string[] = [];
  return { ...readConfiguration(options, env, (sentence) => warnings.push(sentence)), warnings };
}

describe('the service', () => {
  it.each([
    [{}, {}, 'unknown_service:node'],
    [{ OTEL_SERVICE_NAME: 'a' }, {}, 'a'],
    [{ OTEL_SERVICE_NAME: '' }, {}, 'unknown_service:node'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'service.name=b' }, {}, 'b'],
    [{ OTEL_SERVICE_NAME: 'a', OTEL_RESOURCE_ATTRIBUTES: 'service.name=b' }, {}, 'a'],
    [{ OTEL_SERVICE_NAME: 'a' }, { serviceName: 'c' }, 'c'],
  ])('of %j and %j is %s', (env, options, name) => {
    expect(read(env as Record<string, string>, options).serviceName).toBe(name);
  });

  it('has the attributes of OTEL_RESOURCE_ATTRIBUTES, decoded', () => {
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: ' a=1 ,b=x%20y,,' }).resourceAttributes).toEqual({
      a: '1',
      b: 'x y',
    });
  });

  it.each(['a', 'a=1,b', '=x', 'a=%zz'])(
    'ignores OTEL_RESOURCE_ATTRIBUTES=%s as a whole, and says so',
    (text) => {
      const { resourceAttributes, warnings } = read({ OTEL_RESOURCE_ATTRIBUTES: text });
      expect(resourceAttributes).toEqual({});
      expect(warnings[0]).toContain('expected key=value');
    },
  );
});

describe('the endpoint', () => {
  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/base/' }, 'https://c/base/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318' }, 'http://c:4318/'],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' },
      'http://t/x',
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' },
      'http://c/v1/traces',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ])('of %j is %s', (env, url) => {
    const { tracesUrl, warnings } = read(env as Record<string, string>);
    expect(tracesUrl?.href).toBe(url);
    expect(warnings).toEqual([]);
  });

  it.each(['localhost:4318', 'collector', 'ftp://c', 'http://', '%'])(
    '%s is none, and that is said',
    (value) => {
      const { tracesUrl, warnings } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: value });
      expect(tracesUrl).toBeUndefined();
      expect(warnings).toEqual([
        `OTEL_EXPORTER_OTLP_ENDPOINT is "${value}", expected a URL like http://localhost:4318; no spans are exported`,
      ]);
    },
  );
});

describe('the pages', () => {
  it.each([
    [undefined, '/debug'],
    [false, false],
    ['/ops', '/ops'],
    ['/ops/sonde', '/ops/sonde'],
  ] as const)('with path %s are at %s', (path, expected) => {
    expect(read({}, path === undefined ? {} : { path }).path).toBe(expected);
  });

  it.each(['', 'debug', '/', '/debug/', '/a b', '//x'])(
    'with path %j are at /debug, and that is said',
    (path) => {
      const { path: settled, warnings } = read({}, { path });
      expect(settled).toBe('/debug');
      expect(warnings).toHaveLength(1);
    },
  );

  it('take hosts and token from variables, and from options before those', () => {
    expect(read({ SONDE_HOSTS: ' Shop.test , ,b', SONDE_TOKEN: 't' })).toMatchObject({
      hosts: ['shop.test', 'b'],
      token: 't',
    });
    expect(read({ SONDE_TOKEN: '' }).token).toBeUndefined();
    expect(read({ SONDE_TOKEN: 't' }, { token: 'o', hosts: ['h'] })).toMatchObject({
      hosts: ['h'],
      token: 'o',
    });
  });
});

it.each([
  [{}, false],
  [{ SONDE_DISABLED: '1' }, true],
  [{ SONDE_DISABLED: '0' }, false],
  [{ OTEL_SDK_DISABLED: 'true' }, true],
  [{ OTEL_SDK_DISABLED: 'TRUE' }, true],
  [{ OTEL_SDK_DISABLED: '1' }, false],
])('with %j disabled is %s', (env, disabled) => {
  expect(read(env as Record<string, string>).disabled).toBe(disabled);
});
