// An Express application as anybody writes it. Its routes, its call and its errors are on the page by themselves; of
// Sonde it knows withSpan alone, where a person would put a span.
import { withSpan } from '@sonde/core';
import express from 'express';

const orders = new Map([
  ['7', { id: '7', item: 'sounding line', fathoms: 100 }],
  ['8', { id: '8', item: 'lead', fathoms: 0 }],
]);

const router = express.Router();

router.get('/:id', async (request, response) => {
  const order = await withSpan('load order', { attributes: { 'order.id': request.params.id } }, () =>
    load(request.params.id),
  );
  const price = await fetch(`${origin()}/prices/${order.fathoms}`);
  response.json({ ...order, ...(await price.json()) });
});

async function load(id) {
  const order = orders.get(id);
  if (order === undefined) throw new Error(`there is no order ${id}`);
  return order;
}

const app = express();
app.use('/orders', router);
app.get('/prices/:fathoms', (request, response) => response.json({ price: 5 + 2 * request.params.fathoms }));
app.get('/wait', () => {}); // never answers: look at it while it runs
app.use((error, _request, response, _next) => response.status(500).json({ error: error.message }));

const server = app.listen(Number(process.env.PORT ?? 3000), () => console.log(`listening on ${origin()}`));
const origin = () => `http://localhost:${server.address().port}`;
