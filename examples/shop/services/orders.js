// Keeps products and orders in Postgres (PGlite: the real one, compiled to WebAssembly) and has payments charge them.
import { createServer } from 'node:http';
import { PGlite } from '@electric-sql/pglite';
import { SpanKind } from '@opentelemetry/api';
import { withSpan } from '@sonde/core';
import { callPayments, HttpError, listen, router } from './http.js';

const database = await PGlite.create();
await database.exec(`
  CREATE TABLE products (sku text PRIMARY KEY, name text NOT NULL, price integer NOT NULL);
  CREATE TABLE stock (sku text REFERENCES products, warehouse text, quantity integer NOT NULL);
  CREATE TABLE orders (id serial PRIMARY KEY, sku text REFERENCES products, quantity integer NOT NULL, charge text);
  INSERT INTO products SELECT 'sku-' || n, 'Sounding line ' || n, 900 + 100 * n FROM generate_series(1, 12) AS n;
  INSERT INTO stock SELECT sku, warehouse, 1000 FROM products, (VALUES ('north'), ('south')) AS w (warehouse);
  INSERT INTO orders (sku, quantity, charge)
    SELECT 'sku-' || 1 + n % 12, 1 + n % 3, 'ch_' || n FROM generate_series(1, 40) AS n;
`);

/** One query, one span, as OpenTelemetry's conventions for databases describe it. */
function query(summary, sql, parameters = []) {
  const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': summary, 'db.query.text': sql };
  return withSpan(summary, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const { rows } = await database.query(sql, parameters);
    span.setAttribute('db.response.returned_rows', rows.length);
    return rows;
  });
}

const routes = {
  'POST /orders': async ({ body: { sku, quantity } }) => {
    const [product] = await query('SELECT products', 'SELECT name, price FROM products WHERE sku = $1', [
      sku,
    ]);
    if (!product) throw new HttpError(404, `there is no product ${sku}`);
    const [order] = await query(
      'INSERT orders',
      'INSERT INTO orders (sku, quantity) VALUES ($1, $2) RETURNING id',
      [sku, quantity],
    );
    const { id: charge } = await callPayments('POST', '/charges', {
      order: order.id,
      amount: product.price * quantity,
    });
    await query('UPDATE orders', 'UPDATE orders SET charge = $1 WHERE id = $2', [charge, order.id]);
    return { id: order.id, charge };
  },

  'GET /orders/:id': async ({ params }) => {
    const [order] = await query(
      'SELECT orders products',
      'SELECT o.id, o.quantity, o.charge, p.name FROM orders o JOIN products p USING (sku) WHERE o.id = $1',
      [params.id],
    );
    if (!order) throw new HttpError(404, `there is no order ${params.id}`);
    return order;
  },

  'GET /catalogue': async () => {
    const products = await query('SELECT products', 'SELECT sku, name, price FROM products ORDER BY sku');
    for (const product of products) {
      const [stock] = await query(
        'SELECT stock',
        'SELECT sum(quantity)::integer AS quantity FROM stock WHERE sku = $1',
        [product.sku],
      );
      product.stock = stock.quantity;
    }
    return products;
  },

  'GET /report': async () => {
    const sales = await query(
      'SELECT orders',
      'SELECT sku, sum(quantity)::integer AS sold FROM orders, generate_series(1, 1000) GROUP BY sku ORDER BY sku',
    );
    const settlement = await callPayments('GET', '/settlement');
    return { sales, settlement };
  },
};

listen(createServer(router(routes)), 'http');
