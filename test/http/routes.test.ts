import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve as serveHono } from '@hono/node-server';
import Router from '@koa/router';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { type ReadableSpan, TracerProvider, withSpan } from '@sonde/core';
import { instrumentHttp } from '@sonde/http';
import { errorTracing } from '@sonde/http/express';
import { tracing as fastifyTracing } from '@sonde/http/fastify';
import { tracing as honoTracing } from '@sonde/http/hono';
import { tracing as koaTracing } from '@sonde/http/koa';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { Hono as QuickHono } from 'hono/quick';
import { SmartRouter } from 'hono/router/smart-router';
import Koa from 'koa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const ended: ReadableSpan[] = [];
let told = () => {};
let undo: () => void;
let close: () => unknown = () => {};

const collector = {
  onStart() {},
  onEnd(span: ReadableSpan) {
    ended.push(span);
    told();
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [collector] }));
});

beforeEach(() => {
  ended.length = 0;
  undo = instrumentHttp();
});

afterEach(async () => {
  undo();
  await close();
});

afterAll(() => {
  trace.disable();
  context.disable();
});

async function listen(handler: http.RequestListener): Promise<number> {
  const server = http.createServer(handler).listen(0);
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The SERVER span of one request, and what was answered. */
async function ask(
  port: number,
  path: string,
  method = 'GET',
): Promise<{ span: ReadableSpan; status: number }> {
  ended.length = 0;
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.request({ port, path, method, agent: false }, resolve).once('error', reject).end();
  });
  response.resume();
  const find = () => ended.find(({ kind }) => kind === SpanKind.SERVER);
  while (find() === undefined) {
    await new Promise<void>((resolve) => {
      told = resolve;
    });
  }
  return { span: find() as ReadableSpan, status: response.statusCode ?? 0 };
}

async function expectRoute(
  port: number,
  path: string,
  route: string | undefined,
  status = 200,
): Promise<void> {
  const { span, status: answered } = await ask(port, path);
  expect({ path, status: answered, name: span.name, route: span.attributes['http.route'] }).toEqual({
    path,
    status,
    name: route === undefined ? 'GET' : `GET ${route}`,
    route,
  });
}

/** That what a handler does by hand is below the request's span. */
async function expectContext(port: number, path: string): Promise<void> {
  const { span } = await ask(port, path);
  const work = ended.find(({ name }) => name === 'work');
  expect(work?.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
}

const work = async (): Promise<void> => {
  await new Promise(setImmediate);
  withSpan('work', () => {});
};

const exceptionsOf = (span: ReadableSpan) =>
  span.events
    .filter(({ name }) => name === 'exception')
    .map(({ attributes }) => attributes?.['exception.message']);

describe('Express', () => {
  const ok = (_request: express.Request, response: express.Response) => void response.send('ok');

  it('needs no adapter: patterns, nested routers, mounts with parameters', async () => {
    const app = express();
    const lines = express.Router({ mergeParams: true }).get('/', ok).get('/:line', ok);
    const orders = express.Router().get('/', ok).get('/:order', ok).use('/:order/lines', lines);
    const admin = express();
    admin.get('/who', ok).use('/deep', express.Router().get('/:x', ok));
    app.get('/', ok).get('/work', async (_request, response) => {
      await work();
      response.send('ok');
    });
    app.use((_request, _response, next) => next());
    app.use('/orders', orders).use('/admin', admin).use('/tenants/:tenant', orders);
    app.use('/shops/:shop/admin', admin);
    app.use(['/one', '/other/:o'], express.Router().get('/it', ok));
    app
      .get(['/a', '/b/:c'], ok)
      .get(/^\/x\d+$/, ok)
      .get('/files/*path', ok)
      .get('/maybe{/:more}', ok);
    const port = await listen(app);
    for (const [path, route] of [
      ['/', '/'],
      ['/orders', '/orders'],
      ['/orders/7', '/orders/:order'],
      ['/orders/7/lines', '/orders/:order/lines'],
      ['/orders/7/lines/2', '/orders/:order/lines/:line'],
      ['/orders/8/lines/3', '/orders/:order/lines/:line'],
      ['/orders/a%20b/lines/3?x=/y', '/orders/:order/lines/:line'],
      ['/admin/who', '/admin/who'],
      ['/admin/deep/1', '/admin/deep/:x'],
      ['/tenants/t1/7', '/tenants/:tenant/:order'],
      ['/tenants/t2/7/lines/9', '/tenants/:tenant/:order/lines/:line'],
      ['/one/it', '/one/it'],
      ['/other/5/it', '/other/:o/it'],
      ['/a', '/a|/b/:c'],
      ['/x12', '/^\\/x\\d+$/'],
      ['/files/a/b', '/files/*path'],
      ['/maybe/more', '/maybe{/:more}'],
    ] as const) {
      await expectRoute(port, path, route);
    }
    await expectContext(port, '/work');
  });

  it('has no route for what is not there, and keeps it where a handler fails', async () => {
    const app = express();
    app.get('/orders/:id', (request) => {
      throw new Error(`no order ${request.params['id']}`);
    });
    app.get('/later/:id', async () => {
      await work();
      throw new Error('later');
    });
    const nested = express.Router();
    nested.get('/:id/boom', () => {
      throw new Error('nested');
    });
    nested.get('/:id/pass', (_request, _response, next) => next());
    app.use('/tenants/:tenant/orders', nested);
    app.get('/refused/:id', (_request, _response, next) => next('router'));
    app.use(errorTracing());
    app.use(errorTracing());
    app.use(((_error, _request, response, _next) => {
      response.status(500).send('sorry');
    }) as express.ErrorRequestHandler);
    const port = await listen(app);
    await expectRoute(port, '/missing/7', undefined, 404);
    await expectRoute(port, '/orders/7', '/orders/:id', 500);
    await expectRoute(port, '/later/7', '/later/:id', 500);
    // The router is left by then, and no longer tells where it was mounted.
    await expectRoute(port, '/tenants/t1/orders/7/boom', '/tenants/:tenant/orders/:id/boom', 500);
    await expectRoute(port, '/tenants/t2/orders/7/boom', '/tenants/:tenant/orders/:id/boom', 500);
    await expectRoute(port, '/tenants/t1/orders/7/pass', '/tenants/:tenant/orders/:id/pass', 404);
    await expectRoute(port, '/refused/7', '/refused/:id', 404);
    expect(exceptionsOf((await ask(port, '/orders/7')).span)).toEqual(['no order 7']);
    expect(exceptionsOf((await ask(port, '/later/7')).span)).toEqual(['later']);
  });

  it('tells HEAD and OPTIONS as what they are', async () => {
    const app = express();
    app.get('/orders/:id', ok);
    const port = await listen(app);
    expect((await ask(port, '/orders/7', 'HEAD')).span.name).toBe('HEAD /orders/:id');
    expect((await ask(port, '/orders/7', 'OPTIONS')).span.name).toBe('OPTIONS');
  });
});

describe('Fastify', () => {
  const build = () => {
    const app = fastify({ forceCloseConnections: true });
    close = () => app.close();
    return app;
  };
  const port = async (app: ReturnType<typeof build>) => {
    await app.listen({ port: 0 });
    return (app.server.address() as AddressInfo).port;
  };
  const define = (app: ReturnType<typeof build>) => {
    app.get('/orders/:id', async () => {
      await work();
      return 'ok';
    });
    app.get('/boom/:id', async () => {
      throw new Error('boom');
    });
    app.get('/static/*', async () => 'ok');
    app.register(
      async (scope) => {
        scope.addHook('onRequest', async (_request, reply) => reply.code(401).send('no'));
        scope.get('/who/:id', async () => 'never');
      },
      { prefix: '/admin' },
    );
  };

  it('needs no adapter: prefixes, hooks that refuse, errors', async () => {
    const app = build();
    define(app);
    const at = await port(app);
    await expectRoute(at, '/orders/7', '/orders/:id');
    await expectRoute(at, '/static/a/b.js', '/static/*');
    await expectRoute(at, '/admin/who/7', '/admin/who/:id', 401);
    await expectRoute(at, '/missing', undefined, 404);
    await expectRoute(at, '/boom/7', '/boom/:id', 500);
    expect(exceptionsOf((await ask(at, '/boom/7')).span)).toEqual(['boom']);
    await expectContext(at, '/orders/7');
  });

  it('that was there before tells its routes by the plugin', async () => {
    undo();
    const app = build();
    app.register(fastifyTracing);
    define(app);
    undo = instrumentHttp();
    const at = await port(app);
    await expectRoute(at, '/orders/7', '/orders/:id');
    await expectRoute(at, '/admin/who/7', '/admin/who/:id', 401);
    expect(exceptionsOf((await ask(at, '/boom/7')).span)).toEqual(['boom']);
  });

  it('over HTTP/2 tells them too', async () => {
    const app = fastify({ http2: true, forceCloseConnections: true });
    close = () => app.close();
    app.get('/orders/:id', async () => 'ok');
    await app.listen({ port: 0 });
    const { connect } = await import('node:http2');
    const client = connect(`http://localhost:${(app.server.address() as AddressInfo).port}`);
    const stream = client.request({ ':path': '/orders/7' });
    await once(stream.resume(), 'close');
    client.close();
    const span = ended.find(({ kind }) => kind === SpanKind.SERVER);
    expect(span?.name).toBe('GET /orders/:id');
  });
});

describe('Koa', () => {
  const build = (...before: Koa.Middleware[]) => {
    const app = new Koa();
    app.silent = true;
    for (const middleware of before) app.use(middleware);
    const orders = new Router({ prefix: '/orders' });
    orders.get('/:id', async (ctx) => {
      await work();
      ctx.body = 'ok';
    });
    orders.get('/:id/boom', () => {
      throw new Error('boom');
    });
    const admin = new Router({ prefix: '/admin/:tenant' });
    admin.use(orders.routes());
    app.use(orders.routes()).use(admin.routes());
    return app;
  };

  it('with @koa/router needs no adapter', async () => {
    const port = await listen(build().callback());
    await expectRoute(port, '/orders/7', '/orders/:id');
    await expectRoute(port, '/admin/t1/orders/7', '/admin/:tenant/orders/:id');
    await expectRoute(port, '/orders/7/boom', '/orders/:id/boom', 500);
    await expectRoute(port, '/missing', undefined, 404);
    await expectContext(port, '/orders/7');
  });

  it('records what is thrown by its middleware', async () => {
    const port = await listen(build(koaTracing()).callback());
    await expectRoute(port, '/orders/7', '/orders/:id');
    expect(exceptionsOf((await ask(port, '/orders/7/boom')).span)).toEqual(['boom']);
  });

  it('is left as it was', () => {
    const { createContext } = Koa.prototype;
    undo();
    expect(String(createContext)).toBe(String(Koa.prototype.createContext));
    expect(String(Koa.prototype.createContext)).toContain('Object.create(this.context)');
    undo = instrumentHttp();
  });
});

describe('Hono', () => {
  const { argv } = process;
  beforeEach(() => {
    // Where a program's own Hono is looked for.
    process.argv = [process.execPath, fileURLToPath(import.meta.url)];
  });
  afterEach(() => {
    process.argv = argv;
  });
  const serve = async (app: { fetch: Hono['fetch'] }): Promise<number> => {
    const server = serveHono({ fetch: app.fetch, port: 0 }) as http.Server;
    close = () => {
      server.closeAllConnections();
      server.close();
    };
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  it.each([
    ['hono', Hono],
    ['hono/quick', QuickHono],
  ])('of %s needs no adapter: base paths, nested ones, middlewares that refuse', async (_name, Hono) => {
    const orders = new Hono().get('/', (c) => c.text('all')).get('/:id{[0-9]+}', (c) => c.text('one'));
    const app = new Hono().basePath('/api');
    app.use(async (_c, next) => next());
    app.use('/admin/*', async (c) => c.text('no', 401));
    app.get('/admin/:who', (c) => c.text('never'));
    app.get('/work', async (c) => {
      await work();
      return c.text('ok');
    });
    app.route('/orders', orders);
    app.on(['PUT', 'POST'], '/either', (c) => c.text('ok'));
    app.all('/any', (c) => c.text('ok'));
    app.get('/any', (c) => c.text('never'));
    app.get('/files/*', (c) => c.text('ok'));
    app.get('/boom/:id', () => {
      throw new Error('boom');
    });
    app.onError((_error, c) => c.text('sorry', 500));
    const port = await serve(app);
    await expectRoute(port, '/api/orders', '/api/orders');
    await expectRoute(port, '/api/orders/7', '/api/orders/:id{[0-9]+}');
    await expectRoute(port, '/api/orders/x', undefined, 404);
    await expectRoute(port, '/api/admin/7', '/api/admin/:who', 401);
    await expectRoute(port, '/api/any', '/api/any');
    await expectRoute(port, '/api/files/a/b', '/api/files/*');
    await expectRoute(port, '/api/boom/7', '/api/boom/:id', 500);
    await expectRoute(port, '/missing', undefined, 404);
    expect((await ask(port, '/api/either', 'PUT')).span.name).toBe('PUT /api/either');
    expect((await ask(port, '/api/orders/7', 'HEAD')).span.name).toBe('HEAD /api/orders/:id{[0-9]+}');
    await expectContext(port, '/api/work');
  });

  it('is found within a span by hand around its handler', async () => {
    const app = new Hono().get('/orders/:id', (c) => c.text('ok'));
    const port = await serve({
      fetch: (request, ...rest) => withSpan('around', async () => app.fetch(request, ...rest)),
    });
    await expectRoute(port, '/orders/7', '/orders/:id');
  });

  it('is left as it was', async () => {
    const app = new Hono().get('/orders/:id', (c) => c.text('ok'));
    const { match } = SmartRouter.prototype;
    const port = await serve(app);
    await expectRoute(port, '/orders/7', '/orders/:id');
    expect(SmartRouter.prototype.match).not.toBe(match);
    undo();
    expect(SmartRouter.prototype.match).toBe(match);
    expect(await (await app.request('/orders/7')).text()).toBe('ok');
    undo = instrumentHttp();
  });

  it('tells its routes by its middleware', async () => {
    const app = new Hono();
    app.use(honoTracing());
    const orders = new Hono();
    orders.get('/:id', async (c) => {
      await work();
      return c.text('ok');
    });
    orders.get('/:id/boom', () => {
      throw new Error('boom');
    });
    app.route('/orders', orders);
    app.all('/any', (c) => c.text('ok'));
    const server = serveHono({ fetch: app.fetch, port: 0 });
    close = () => (server as http.Server).closeAllConnections();
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    await expectRoute(port, '/orders/7', '/orders/:id');
    await expectRoute(port, '/any', '/any');
    await expectRoute(port, '/missing', undefined, 404);
    await expectRoute(port, '/orders/7/boom', '/orders/:id/boom', 500);
    expect(exceptionsOf((await ask(port, '/orders/7/boom')).span)).toEqual(['boom']);
    await expectContext(port, '/orders/7');
    server.close();
  });
});
