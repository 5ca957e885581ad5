import { describe, expect, it } from 'vitest';
import { type OtlpStartOptions, readOtlp } from './settings.ts';

const GENERAL = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const SPECIAL = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';

function read(env: Record<string, string>, options: OtlpStartOptions = {}, isAskedFor = false) {
  const warnings: string[] = [];
  return { settings: readOtlp(options, env, isAskedFor, (sentence) => warnings.push(sentence)), warnings };
}

/** With an endpoint, so that there are settings. */
const settle = (env: Record<string, string>, options: OtlpStartOptions = {}) =>
  read({ [GENERAL]: 'http://c', ...env }, options);

it('with an endpoint alone, everything else is as the specification has it', () => {
  const { settings, warnings } = settle({});
  expect(settings).toEqual({
    url: new URL('http://c/v1/traces'),
    protocol: 'http/json',
    headers: {},
    timeoutMillis: 10_000,
    compression: 'none',
    tls: {},
  });
  expect(warnings).toEqual([]);
});

describe('the endpoint', () => {
  it.each([
    [{}, undefined],
    [{ [GENERAL]: '' }, undefined],
    [{ [GENERAL]: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ [GENERAL]: ' http://c:4318/ ' }, 'http://c:4318/v1/traces'],
    [{ [GENERAL]: 'https://c/base/' }, 'https://c/base/v1/traces'],
    [{ [GENERAL]: 'https://c/base?key=1' }, 'https://c/base/v1/traces?key=1'],
    [{ [GENERAL]: 'http://[::1]:4318' }, 'http://[::1]:4318/v1/traces'],
    [{ [SPECIAL]: 'http://t/x', [GENERAL]: 'http://c' }, 'http://t/x'],
    [{ [SPECIAL]: 'http://t/v1/traces/' }, 'http://t/v1/traces/'],
    [{ [SPECIAL]: ' ', [GENERAL]: 'http://c' }, 'http://c/v1/traces'],
  ])('of %j is %s', (env, url) => {
    const { settings, warnings } = read(env as Record<string, string>);
    expect(settings?.url.href).toBe(url);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['http://o', 'http://o/v1/traces'],
    ['http://o/base/', 'http://o/base/v1/traces'],
    ['http://o/v1/traces', 'http://o/v1/traces'],
    ['http://o/v1/traces?key=1', 'http://o/v1/traces?key=1'],
    [new URL('http://o'), 'http://o/v1/traces'],
  ])('of the option %s is %s, whatever the variables say', (endpoint, url) => {
    expect(read({ [SPECIAL]: 'http://t/x' }, { endpoint })).toMatchObject({
      settings: { url: new URL(url) },
      warnings: [],
    });
  });

  it('is the default of the specification where OTLP was asked for by its name', () => {
    expect(read({}, {}, true).settings?.url.href).toBe('http://localhost:4318/v1/traces');
    expect(read({ [GENERAL]: 'http://c' }, {}, true).settings?.url.href).toBe('http://c/v1/traces');
  });

  it.each(['localhost:4318', 'collector', 'ftp://c', 'grpc://c:4317', 'http://', 'http//c', '%', '1'])(
    '%s is none, and that is said',
    (value) => {
      for (const name of [GENERAL, SPECIAL]) {
        const { settings, warnings } = read({ [name]: value });
        expect(settings).toBeUndefined();
        expect(warnings).toEqual([
          `${name} is "${value}", expected a URL like http://localhost:4318; no spans are exported`,
        ]);
      }
    },
  );

  it('of the traces that makes no sense sends nothing to the general one', () => {
    expect(read({ [SPECIAL]: 'c:1', [GENERAL]: 'http://c' }).settings).toBeUndefined();
  });

  it.each([7, null, {}, true])('%j as an option is none, and that is said', (endpoint) => {
    const { settings, warnings } = read({ [GENERAL]: 'http://c' }, { endpoint: endpoint as never });
    expect(settings).toBeUndefined();
    expect(warnings).toEqual([
      `option endpoint is of type ${typeof endpoint}, expected a URL like http://localhost:4318; no spans are exported`,
    ]);
  });

  it.each([
    [
      { [GENERAL]: 'http://c:4317' },
      'http://c:4317/v1/traces',
      /port 4317 is usually that of OTLP over gRPC/,
    ],
    [{ [GENERAL]: 'http://c/v1/traces' }, 'http://c/v1/traces/v1/traces', /\/v1\/traces is added once more/],
    [{ [SPECIAL]: 'http://c:4318' }, 'http://c:4318/', /has no path and is taken as it stands/],
  ])('of %j is %s as the specification has it, but it may be a mistake', (env, url, sentence) => {
    const { settings, warnings } = read(env as Record<string, string>);
    expect(settings?.url.href).toBe(url);
    expect(warnings).toEqual([expect.stringMatching(sentence)]);
  });

  it.each([
    ['http://user:pa%20ss@c', 'Basic dXNlcjpwYSBzcw=='],
    ['http://user:100%@c', 'Basic dXNlcjoxMDAl'],
    ['http://user@c', 'Basic dXNlcjo='],
  ])('%s has its credentials taken out of it, into a header', (value, authorization) => {
    const { settings } = read({ [GENERAL]: value });
    expect(settings).toMatchObject({ url: new URL('http://c/v1/traces'), headers: { authorization } });
  });

  it.each(['ftp://user:geheim@c', 'user:geheim@c:4318', 'http://user:geheim@c:4317'])(
    '%s is complained about without its password',
    (value) => {
      const { warnings } = read({ [GENERAL]: value });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).not.toContain('geheim');
    },
  );
});

describe('the headers', () => {
  it.each([
    ['', {}],
    [' , ', {}],
    ['api-key=x', { 'api-key': 'x' }],
    ['Authorization=Bearer%20a%2Cb, X-Scope = 7 ,', { authorization: 'Bearer a,b', 'x-scope': '7' }],
    ['authorization=Basic dXNlcjo=', { authorization: 'Basic dXNlcjo=' }],
    ['a=1;b=2', { a: '1;b=2' }],
    ['a=', { a: '' }],
    ['a=1,A=2', { a: '2' }],
  ])('of %j are %j', (text, headers) => {
    const { settings, warnings } = settle({ OTEL_EXPORTER_OTLP_HEADERS: text });
    expect(settings?.headers).toEqual(headers);
    expect(warnings).toEqual([]);
  });

  it('of the traces win over the general ones, name by name', () => {
    const { settings } = settle({
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=general,tenant=7',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'Api-Key=special',
    });
    expect(settings?.headers).toEqual({ 'api-key': 'special', tenant: '7' });
  });

  it('win over user and password of the endpoint', () => {
    const env = { [GENERAL]: 'http://u:p@c', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer t' };
    expect(read(env).settings?.headers).toEqual({ authorization: 'Bearer t' });
  });

  it('of the option stand in the place of those of the variables', () => {
    const { settings } = settle(
      { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=x' },
      { headers: { 'X-Tenant': '7', bad: 'a\nb', 'b ad': 'x', number: 7 as never } },
    );
    expect(settings?.headers).toEqual({ 'x-tenant': '7' });
  });

  it.each(['geheim', '=geheim', 'b ad=geheim', 'a=geheim%', 'a=geheim%0Ainjected:1', 'ä=geheim'])(
    '%s is left out, and said without what is in it',
    (text) => {
      const { settings, warnings } = settle({ OTEL_EXPORTER_OTLP_HEADERS: `ok=1,${text}` });
      expect(settings?.headers).toEqual({ ok: '1' });
      expect(warnings).toEqual([
        'OTEL_EXPORTER_OTLP_HEADERS has something as entry 2 that is no header, expected key=value with a percent-encoded value; it is left out',
      ]);
    },
  );

  it.each(['a=b', ['a'], null, 7])('%j as an option is ignored, and that is said', (headers) => {
    expect(settle({}, { headers: headers as never })).toMatchObject({
      settings: { headers: {} },
      warnings: [expect.stringMatching(/^option headers is no object/)],
    });
  });
});

it.each([
  [{}, 10_000, []],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '20' }, 20, []],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '0' }, 2_147_483_647, []],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '2147483648' }, 2_147_483_647, []],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '20', OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '30' }, 30, []],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '20', OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '' }, 20, []],
  [
    { OTEL_EXPORTER_OTLP_TIMEOUT: '20', OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1s' },
    20,
    ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT is "1s", expected a whole number of at least 0; it is ignored'],
  ],
])('with %j one export may take %i ms', (env, timeoutMillis, warnings) => {
  expect(settle(env as Record<string, string>)).toMatchObject({ settings: { timeoutMillis }, warnings });
});

it.each([
  [{}, 'none', []],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: ' GZIP ' }, 'gzip', []],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none' }, 'none', []],
  [
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
    'none',
    ['OTEL_EXPORTER_OTLP_COMPRESSION is "zstd", expected gzip, none; it is ignored'],
  ],
])('with %j the body is compressed by %s', (env, compression, warnings) => {
  expect(settle(env as Record<string, string>)).toMatchObject({ settings: { compression }, warnings });
});

it.each([
  [{}, []],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'HTTP/JSON' }, []],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    [
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", which Sonde does not speak; it sends http/json, usually to port 4318',
    ],
  ],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'xml' },
    [
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is "xml", expected http/json, http/protobuf, grpc; it is ignored',
      // This package does not have it; test/e2e has a program with it.
      'OTEL_EXPORTER_OTLP_PROTOCOL is "http/protobuf", for which @opentelemetry/exporter-trace-otlp-proto has to be installed; until then, it is http/json',
    ],
  ],
])('with %j spans go as http/json', (env, warnings) => {
  expect(settle(env as Record<string, string>)).toMatchObject({
    settings: { protocol: 'http/json' },
    warnings,
  });
});
