// A Fastify application as anybody writes it. Its routes, its call and its errors are on the page by themselves; of
// Sonde it knows withSpan alone, where a person would put a span.
import { withSpan } from '@sonde/core';
import fastify from 'fastify';

const orders = new Map([
  ['7', { id: '7', item: 'sounding line', fathoms: 100 }],
  ['8', { id: '8', item: 'lead', fathoms: 0 }],
]);

async function ordersPlugin(scope) {
  scope.get('/:id', async ({ params: { id } }) => {
    const order = await withSpan('load order', { attributes: { 'order.id': id } }, () => load(id));
    const price = await fetch(`${origin()}/prices/${order.fathoms}`);
    return { ...order, ...(await price.json()) };
  });
}

async function load(id) {
  const order = orders.get(id);
  if (order === undefined) throw new Error(`there is no order ${id}`);
  return order;
}

const app = fastify();
app.register(ordersPlugin, { prefix: '/orders' });
app.get('/prices/:fathoms', async ({ params }) => ({ price: 5 + 2 * params.fathoms }));
app.get('/wait', () => new Promise(() => {})); // never answers: look at it while it runs
app.setErrorHandler(async (error, _request, reply) => {
  reply.code(500);
  return { error: error.message };
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`listening on ${origin()}`);

function origin() {
  return `http://localhost:${app.server.address().port}`;
}
