// The public face of the shop: every request comes in here.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Agent } from 'node:https';
import { setImmediate as turn } from 'node:timers/promises';
import { withSpan } from '@sonde/core';
import { callPayments, HttpError, listen, router } from './http.js';

const forgetful = new Agent({ keepAlive: false, maxCachedSessions: 0 });

const routes = {
  'GET /': async () => ({ routes: Object.keys(routes) }),

  // The good one: through orders and its database to payments and back.
  'POST /checkout': ({ body }) =>
    withSpan(
      'checkout',
      { attributes: { 'shop.sku': body.sku, 'shop.quantity': body.quantity } },
      async () => {
        withSpan('validate cart', () => {
          if (!(body.quantity > 0))
            throw new HttpError(400, `quantity is ${body.quantity}, expected 1 or more`);
        });
        return callOrders('POST', '/orders', body);
      },
    ),

  'GET /orders/:id': ({ params }) => callOrders('GET', `/orders/${params.id}`),

  // Asks the database once for the list and once more for each product: the N+1 of every textbook.
  'GET /catalogue': () => callOrders('GET', '/catalogue'),

  // The slow one.
  'GET /report': () => callOrders('GET', '/report'),

  // Four calls, and a new TLS connection for each: an agent that keeps none.
  'GET /invoices/:id': async ({ params }) => {
    const invoice = {};
    for (const part of ['customer', 'lines', 'taxes', 'total']) {
      invoice[part] = await callPayments('GET', `/invoices/${params.id}/${part}`, undefined, forgetful);
    }
    return invoice;
  },

  // The failing one: a bug in payments, with its stack.
  'POST /refunds': ({ body }) => callPayments('POST', '/refunds', body),

  // Blocks the event loop: it waits for another program, and everybody waits with it.
  'GET /labels/:id': ({ params }) =>
    withSpan('print label', () => {
      const print = `setTimeout(() => console.log('label ${Number(params.id)}'), 250)`;
      return { label: execFileSync(process.execPath, ['-e', print], { env: {} }).toString().trim() };
    }),

  // Allocates: small objects that live until the end, and the collector copies them again and again.
  'GET /sitemap': () =>
    withSpan('draw the map', () => {
      const pages = Array.from({ length: 12 }, () => tree(16));
      return { pages: pages.length * 2 ** 16 };
    }),

  // Burns CPU, politely: the event loop turns after each round, and has time for nothing else.
  'GET /quotes/:id': ({ params }) =>
    withSpan('find the best price', async () => {
      let quote = params.id;
      for (const until = Date.now() + 300; Date.now() < until; await turn()) {
        for (let i = 0; i < 500; i++) quote = createHash('sha256').update(quote).digest('hex');
      }
      return { quote };
    }),

  // The one that hangs: the bank behind payments never answers, and nobody set a timeout.
  'GET /bank': () => callPayments('GET', '/bank'),
};

const tree = (depth) => (depth === 0 ? {} : { left: tree(depth - 1), right: tree(depth - 1) });

async function callOrders(method, path, body) {
  const response = await fetch(`${process.env.ORDERS_URL}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new HttpError(502, `orders: ${answer.error}`), { code: answer.code });
  return answer;
}

listen(createServer(router(routes)), 'http');
