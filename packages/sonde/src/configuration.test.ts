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

describe('whether spans go out', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' };
  it.each([
    [{}, {}, undefined],
    [endpoint, {}, 'http://c/v1/traces'],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, {}, undefined],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: ' None ' }, {}, undefined],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'OTLP' }, {}, 'http://c/v1/traces'],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: '' }, {}, 'http://c/v1/traces'],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, {}, 'http://localhost:4318/v1/traces'],
    [endpoint, { endpoint: 'http://o' }, 'http://o/v1/traces'],
    // Code wins over variables.
    [{ OTEL_TRACES_EXPORTER: 'none' }, { endpoint: 'http://o' }, 'http://o/v1/traces'],
  ])('with %j and %j to %s', (env, options, url) => {
    const { otlp, warnings } = read(env as Record<string, string>, options);
    expect(otlp?.url.href).toBe(url);
    expect(warnings).toEqual([]);
  });

  it('is said of a name that there is not; the endpoint is used', () => {
    const { otlp, warnings } = read({ ...endpoint, OTEL_TRACES_EXPORTER: 'zipkin' });
    expect(otlp?.url.href).toBe('http://c/v1/traces');
    expect(warnings).toEqual([
      'OTEL_TRACES_EXPORTER has "zipkin", expected otlp, console, none; it is ignored',
    ]);
  });

  class FileExporter {
    export() {}
    async shutdown() {}
  }
  const exporters = [new FileExporter()];

  it.each([
    [{ OTEL_TRACES_EXPORTER: 'console' }, {}, ['the console']],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'console' }, {}, ['the console']],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: ' OTLP, Console ' }, {}, ['http://c/v1/traces', 'the console']],
    [{ OTEL_TRACES_EXPORTER: 'console,none' }, {}, []],
    [{ OTEL_TRACES_EXPORTER: 'console' }, { endpoint: 'http://o' }, ['http://o/v1/traces', 'the console']],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'console' }, { exporters }, ['FileExporter']],
    [{ ...endpoint }, { exporters: [] }, []],
    [endpoint, { exporters, endpoint: 'http://o' }, ['http://o/v1/traces', 'FileExporter']],
  ])('with %j and %j to %j', (env, options, ways) => {
    const { exporters, otlp, warnings } = read(env as Record<string, string>, options);
    const names = exporters.map(({ name }) => name);
    expect(otlp === undefined ? names : [otlp.url.href, ...names]).toEqual(ways);
    expect(warnings).toEqual([]);
  });

  it.each([[[{}, exporters[0]]], [[null, exporters[0]]], [['otlp', exporters[0]]]])(
    'by %j goes only what is an exporter, and that is said',
    (given) => {
      const settled = read({}, { exporters: given as never });
      expect(settled.exporters).toEqual([{ name: 'FileExporter', exporter: exporters[0] }]);
      expect(settled.warnings).toEqual([
        'option exporters holds something without export and shutdown; that is ignored',
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
    ['/ops/sonde/', '/ops/sonde'],
  ] as const)('with path %s are at %s', (path, expected) => {
    expect(read({}, path === undefined ? {} : { path }).path).toBe(expected);
  });

  it.each(['', 'debug', '/', '/debug//', '/a b', '//x'])(
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
  [{ OTEL_SDK_DISABLED: ' TRUE ' }, true],
  [{ OTEL_SDK_DISABLED: 'False' }, false],
  [{ OTEL_SDK_DISABLED: '' }, false],
])('with %j disabled is %s', (env, disabled) => {
  expect(read(env as Record<string, string>)).toMatchObject({ disabled, warnings: [] });
});

it.each(['1', 'yes', 'on'])('with OTEL_SDK_DISABLED=%s nothing is disabled, and that is said', (value) => {
  expect(read({ OTEL_SDK_DISABLED: value })).toMatchObject({
    disabled: false,
    warnings: [`OTEL_SDK_DISABLED is "${value}", expected true or false; using false`],
  });
});

it('with SONDE_DISABLED=yes nothing is disabled, and that is said', () => {
  expect(read({ SONDE_DISABLED: 'yes' })).toMatchObject({
    disabled: false,
    warnings: ['SONDE_DISABLED is "yes", expected 0 or 1; using 0'],
  });
});

describe('the batches', () => {
  const defaults = {
    maxExportBatchSize: 512,
    scheduledDelayMillis: 5_000,
    exportTimeoutMillis: 30_000,
  };

  it.each([
    [{}, {}],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '10' }, { maxQueueSize: 10, maxExportBatchSize: 10 }],
    [{ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: ' 1 ' }, { maxExportBatchSize: 1 }],
    [
      { OTEL_BSP_SCHEDULE_DELAY: '1', OTEL_BSP_EXPORT_TIMEOUT: '2' },
      { scheduledDelayMillis: 1, exportTimeoutMillis: 2 },
    ],
    // No pause, and no limit, which is as long as a timer can take.
    [
      { OTEL_BSP_SCHEDULE_DELAY: '0', OTEL_BSP_EXPORT_TIMEOUT: '0' },
      { scheduledDelayMillis: 0, exportTimeoutMillis: 2_147_483_647 },
    ],
    [
      { OTEL_BSP_SCHEDULE_DELAY: '2147483648', OTEL_BSP_EXPORT_TIMEOUT: '2147483647' },
      { scheduledDelayMillis: 2_147_483_647, exportTimeoutMillis: 2_147_483_647 },
    ],
  ])('of %j are %j, and else the default', (env, expected) => {
    const { batching, warnings } = read(env as Record<string, string>);
    expect(batching).toEqual({ ...defaults, ...expected });
    expect(warnings).toEqual([]);
  });

  it.each(['0', '-1', 'many'])(
    'have no bound in spans with OTEL_BSP_MAX_QUEUE_SIZE=%s, and that is said',
    (value) => {
      const { batching, warnings } = read({ OTEL_BSP_MAX_QUEUE_SIZE: value });
      expect(batching).toEqual(defaults);
      expect(warnings).toEqual([
        `OTEL_BSP_MAX_QUEUE_SIZE is "${value}", expected a whole number above 0; the queue is bounded by its bytes alone`,
      ]);
    },
  );

  it.each(['0', '-1', '1.5', 'many', 'Infinity', '1e400'])(
    'of OTEL_BSP_MAX_EXPORT_BATCH_SIZE=%s are the default, and that is said',
    (value) => {
      const { batching, warnings } = read({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: value });
      expect(batching).toEqual(defaults);
      expect(warnings).toEqual([
        `OTEL_BSP_MAX_EXPORT_BATCH_SIZE is "${value}", expected a whole number above 0; using 512`,
      ]);
    },
  );
});

describe('an option of the wrong type', () => {
  const processor = {
    onStart() {},
    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };

  it.each([
    ['serviceName', 7, 'serviceName', 'unknown_service:node'],
    ['token', {}, 'token', undefined],
    ['hosts', 'a.test', 'hosts', []],
    ['hosts', [7], 'hosts', []],
    ['spanProcessors', [{}, processor], 'spanProcessors', [processor]],
    ['path', 7, 'path', '/debug'],
    ['path', null, 'path', '/debug'],
  ])('%s: %j is ignored, and that is said', (option, value, key, settled) => {
    const configuration = read({}, { [option]: value } as StartOptions);
    expect(configuration[key as keyof typeof configuration]).toEqual(settled);
    expect(configuration.warnings).toHaveLength(1);
    expect(configuration.warnings[0]).toContain(`option ${option}`);
  });

  it('is not a processor outside of an array: that is taken', () => {
    const { spanProcessors, warnings } = read({}, { spanProcessors: processor as never });
    expect(spanProcessors).toEqual([processor]);
    expect(warnings).toEqual([]);
  });
});

describe('the sampler', () => {
  const on = 'ParentBased{root=AlwaysOnSampler';
  it.each([
    [{}, on],
    [{ OTEL_TRACES_SAMPLER: '' }, on],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, 'AlwaysOnSampler'],
    [{ OTEL_TRACES_SAMPLER: ' Always_On ' }, 'AlwaysOnSampler'],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, on],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 'AlwaysOffSampler'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio' }, 'TraceIdRatioBased{1}'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 'TraceIdRatioBased{0.25}'],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 'ParentBased{root=AlwaysOffSampler'],
    [
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
      'ParentBased{root=TraceIdRatioBased{0}',
    ],
    // An argument that the sampler does not take is nobody's business.
    [{ OTEL_TRACES_SAMPLER_ARG: 'x' }, on],
  ])('of %j is %s', (env, text) => {
    const { sampler, warnings } = read(env as Record<string, string>);
    expect(String(sampler).startsWith(text)).toBe(true);
    expect(warnings).toEqual([]);
  });

  it.each(['always', 'Jaeger_Remote', 'toString'])(
    'of OTEL_TRACES_SAMPLER=%s is the default, and that is said',
    (name) => {
      const { sampler, warnings } = read({ OTEL_TRACES_SAMPLER: name });
      expect(String(sampler).startsWith(on)).toBe(true);
      expect(warnings).toEqual([
        `OTEL_TRACES_SAMPLER is "${name}", expected one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio; using parentbased_always_on`,
      ]);
    },
  );

  it.each(['x', '-0.1', '1.1', 'NaN', 'Infinity', '0,5', '50%', '1 1', 'true'])(
    'takes every trace with OTEL_TRACES_SAMPLER_ARG=%s, and says so',
    (ratio) => {
      const { sampler, warnings } = read({
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: ratio,
      });
      expect(String(sampler)).toBe('TraceIdRatioBased{1}');
      expect(warnings).toEqual([
        `OTEL_TRACES_SAMPLER_ARG is "${ratio}", expected a number from 0 to 1; using 1`,
      ]);
    },
  );
});

describe('the limits of a span', () => {
  it.each([
    [{}, {}],
    [
      { OTEL_SPAN_EVENT_COUNT_LIMIT: '0', OTEL_SPAN_LINK_COUNT_LIMIT: '7' },
      { eventCountLimit: 0, linkCountLimit: 7 },
    ],
    [
      {
        OTEL_ATTRIBUTE_COUNT_LIMIT: '5',
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '6',
        OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '4',
      },
      { attributeCountLimit: 6, attributePerEventCountLimit: 5, attributePerLinkCountLimit: 4 },
    ],
    [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '10' }, { attributeValueLengthLimit: 10 }],
    [
      { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '10', OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '20' },
      { attributeValueLengthLimit: 20 },
    ],
  ])('of %j are %j, and else the default', (env, limits) => {
    const { spanLimits, warnings } = read(env as Record<string, string>);
    expect(spanLimits).toEqual(limits);
    expect(warnings).toEqual([]);
  });

  it('with a wrong number are the default, and that is said once', () => {
    const { spanLimits, warnings } = read({ OTEL_ATTRIBUTE_COUNT_LIMIT: 'many' });
    expect(spanLimits).toEqual({});
    expect(warnings).toEqual([
      'OTEL_ATTRIBUTE_COUNT_LIMIT is "many", expected a whole number of at least 0; it is ignored',
    ]);
  });

  it.each(['-1', '1.5', 'x', 'Infinity'])(
    'are those of the general variable where the special one is %s, and that is said',
    (value) => {
      const { spanLimits, warnings } = read({
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '10',
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: value,
      });
      expect(spanLimits).toEqual({ attributeValueLengthLimit: 10 });
      expect(warnings).toEqual([
        `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT is "${value}", expected a whole number of at least 0; it is ignored`,
      ]);
    },
  );
});

it.each([
  [undefined, { console: false, diag: false }, []],
  ['console', { console: true, diag: false }, []],
  [' Diag, console ', { console: true, diag: true }, []],
  [
    'winston',
    { console: false, diag: false },
    ['SONDE_LOGS has "winston", expected console, diag; it is ignored'],
  ],
])('with SONDE_LOGS=%s lines are noted of %j', (value, logs, warnings) => {
  expect(read(value === undefined ? {} : { SONDE_LOGS: value })).toMatchObject({ logs, warnings });
});

it('takes the option logs before SONDE_LOGS, if it is one', () => {
  expect(read({ SONDE_LOGS: 'diag' }, { logs: { console: true } }).logs).toEqual({ console: true });
  expect(read({ SONDE_LOGS: 'diag' }, { logs: 'console' as never })).toMatchObject({
    logs: { diag: true },
    warnings: ['option logs is no object like { console: true }; it is ignored'],
  });
});

it('takes the propagators that OTEL_PROPAGATORS names', () => {
  expect(read({}).propagator.fields()).toEqual(['traceparent', 'tracestate', 'baggage']);
  const { propagator, warnings } = read({ OTEL_PROPAGATORS: 'b3,zipkin' });
  expect(propagator.fields()).toEqual(['b3']);
  expect(warnings).toEqual([
    'OTEL_PROPAGATORS has "zipkin", expected tracecontext, baggage, b3, b3multi, jaeger, none; it is left out',
  ]);
});

it.each([
  [undefined, 'events', []],
  ['', 'events', []],
  [' Spans ', 'spans', []],
  ['links', 'links', []],
  ['span', 'events', ['SONDE_CLIENT_PHASES is "span", expected events, spans, links; using events']],
])('with SONDE_CLIENT_PHASES=%s the phases of a request are told as %s', (value, clientPhases, warnings) => {
  expect(read(value === undefined ? {} : { SONDE_CLIENT_PHASES: value })).toMatchObject({
    clientPhases,
    warnings,
  });
});

it.each([
  ['', undefined],
  [' , ', undefined],
  ['GET, purge', ['GET', 'purge']],
])('takes the methods of OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS=%j as they are written', (value, known) => {
  expect(read({ OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: value }).knownMethods).toEqual(known);
});
