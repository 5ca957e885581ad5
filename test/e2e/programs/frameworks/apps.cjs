// The same small application in each framework, by whichever way the framework was loaded. Each answers how to listen:
// /orders/:id works and awaits, /boom/:id fails, /never/:id does not answer, /echo answers a body.
const { setTimeout: wait } = require('node:timers/promises');
const { trace } = require('@opentelemetry/api');

/** What a handler does by hand: a span of its own, behind an await. */
async function work(id) {
  await wait(1);
  trace.getTracer('app').startActiveSpan('work', (span) => {
    span.setAttribute('work.for', id);
    span.end();
  });
}

const announce = (server) => console.log(`listening on ${server.address().port}`);

exports.express = (express) => {
  const app = express();
  const orders = express.Router();
  orders.get('/:id', async (request, response) => {
    await work(request.params.id);
    response.send('ok');
  });
  app.use('/orders', orders);
  app.get('/boom/:id', async () => {
    await wait(1);
    throw new Error('boom');
  });
  app.get('/never/:id', () => {});
  app.post('/echo', express.text(), async (request, response) => {
    await work(request.body);
    response.send(request.body);
  });
  app.use((_error, _request, response, _next) => response.status(500).send('sorry'));
  const server = app.listen(0, () => announce(server));
};

exports.fastify = async (fastify) => {
  const app = fastify();
  app.register(
    async (scope) => {
      scope.get('/:id', async (request) => {
        await work(request.params.id);
        return 'ok';
      });
    },
    { prefix: '/orders' },
  );
  app.get('/boom/:id', async () => {
    await wait(1);
    throw new Error('boom');
  });
  app.get('/never/:id', () => new Promise(() => {}));
  app.post('/echo', async (request) => {
    await work(request.body);
    return request.body;
  });
  await app.listen({ port: 0 });
  announce(app.server);
};

exports.koa = (Koa, Router) => {
  const app = new Koa();
  app.silent = true;
  const router = new Router();
  router.get('/orders/:id', async (ctx) => {
    await work(ctx.params.id);
    ctx.body = 'ok';
  });
  router.get('/boom/:id', async () => {
    await wait(1);
    throw new Error('boom');
  });
  router.get('/never/:id', () => new Promise(() => {}));
  router.post('/echo', async (ctx) => {
    let body = '';
    for await (const chunk of ctx.req) body += chunk;
    await work(body);
    ctx.body = body;
  });
  app.use(router.routes());
  const server = app.listen(0, () => announce(server));
};

exports.hono = (Hono, serve) => {
  const app = new Hono();
  app.use((_c, next) => next());
  app.onError((_error, c) => c.text('sorry', 500));
  const orders = new Hono();
  orders.get('/:id', async (c) => {
    await work(c.req.param('id'));
    return c.text('ok');
  });
  app.route('/orders', orders);
  app.get('/boom/:id', async () => {
    await wait(1);
    throw new Error('boom');
  });
  app.get('/never/:id', () => new Promise(() => {}));
  app.post('/echo', async (c) => {
    const body = await c.req.text();
    await work(body);
    return c.text(body);
  });
  const server = serve({ fetch: app.fetch, port: 0 }, () => announce(server));
};

exports.ws = (createServer, WebSocketServer) => {
  const server = createServer(async (request, response) => {
    await work(request.url);
    response.end('ok');
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (message) => socket.send(`${message} back`));
  });
  server.listen(0, () => announce(server));
};

/** What a decorator of TypeScript's does, by hand: on a class, a method or a parameter. */
exports.nest = async ({ Body, Controller, Get, Module, NestFactory, Param, Post }, Adapter) => {
  class Orders {
    async one(id) {
      await work(id);
      return 'ok';
    }
  }
  class Others {
    async boom() {
      await wait(1);
      throw new Error('boom');
    }
    never() {
      return new Promise(() => {});
    }
    async echo(body) {
      await work(body);
      return body;
    }
  }
  class App {}
  const onMethod = (decorate, { prototype }, name) =>
    decorate(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  Controller('orders')(Orders);
  onMethod(Get(':id'), Orders, 'one');
  Param('id')(Orders.prototype, 'one', 0);
  Controller()(Others);
  onMethod(Get('boom/:id'), Others, 'boom');
  onMethod(Get('never/:id'), Others, 'never');
  onMethod(Post('echo'), Others, 'echo');
  Body()(Others.prototype, 'echo', 0);
  Module({ controllers: [Orders, Others] })(App);

  const app = await NestFactory.create(App, new Adapter(), { logger: false });
  // Fastify's own parsers take text.
  if (Adapter.name === 'ExpressAdapter') app.useBodyParser('text');
  await app.listen(0);
  announce(app.getHttpServer());
};
