import { expect, it } from 'vitest';
import { readServerOptions, type ServerOptions } from './server-options.ts';

function read(env: Record<string, string>, options: ServerOptions = {}) {
  const warnings: string[] = [];
  return { ...readServerOptions(options, env, (sentence) => warnings.push(sentence)), warnings };
}

it('leaves nothing out, believes no proxy and tells no header where nothing is said', () => {
  expect(read({})).toEqual({
    ignoreIncoming: [],
    trustProxy: false,
    captureRequestHeaders: [],
    captureResponseHeaders: [],
    warnings: [],
  });
});

it.each([
  [{ SONDE_IGNORE: ' /healthz, /assets/* ,,' }, {}, ['/healthz', '/assets/*']],
  [{ SONDE_IGNORE: '/healthz' }, { ignoreIncoming: '/livez' }, ['/livez']],
  [{ SONDE_IGNORE: '/healthz' }, { ignoreIncoming: [] }, []],
  [{}, { ignoreIncoming: ['/a', /b/] }, ['/a', /b/]],
])('with %j and %j ignores %j', (env, options, ignored) => {
  expect(read(env as Record<string, string>, options).ignoreIncoming).toEqual(ignored);
});

it.each([
  [{ SONDE_TRUST_PROXY: '1' }, {}, true],
  [{ SONDE_TRUST_PROXY: '0' }, {}, false],
  [{ SONDE_TRUST_PROXY: '1' }, { trustProxy: false }, false],
  [{}, { trustProxy: true }, true],
])('with %j and %j believes a proxy: %s', (env, options, trustProxy) => {
  expect(read(env as Record<string, string>, options)).toMatchObject({ trustProxy, warnings: [] });
});

it('with SONDE_TRUST_PROXY=true believes no proxy, and says so', () => {
  expect(read({ SONDE_TRUST_PROXY: 'true' })).toMatchObject({
    trustProxy: false,
    warnings: ['SONDE_TRUST_PROXY is "true", expected 0 or 1; using 0'],
  });
});

it('takes headers by the variables of OpenTelemetry, and rather by options', () => {
  const env = {
    OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS: 'X-Tenant, accept',
    OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_RESPONSE_HEADERS: 'content-type',
  };
  expect(read(env)).toMatchObject({
    captureRequestHeaders: ['X-Tenant', 'accept'],
    captureResponseHeaders: ['content-type'],
  });
  expect(read(env, { captureRequestHeaders: ['x'] }).captureRequestHeaders).toEqual(['x']);
});

it('says that headers are no list of names', () => {
  expect(read({}, { captureResponseHeaders: 'x' as never })).toMatchObject({
    captureResponseHeaders: [],
    warnings: ['option captureResponseHeaders is no array of strings; it is ignored'],
  });
});
