// Charges cards, over HTTPS with a certificate made at start.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { withSpan } from '@sonde/core';
import { generate } from 'selfsigned';
import { listen, router } from './http.js';

const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
  keySize: 2048,
  extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
});
writeFileSync(process.env.SHOP_CA, cert);

let charges = 40;

const routes = {
  'POST /charges': ({ body }) =>
    withSpan('ask the bank', { attributes: { 'payment.amount': body.amount } }, async (span) => {
      await sleep(3 + Math.random() * 12);
      span.addEvent('authorized', { 'bank.code': '00' });
      return { id: `ch_${++charges}` };
    }),

  'GET /settlement': () =>
    withSpan('settle the day', () => sleep(400 + Math.random() * 900, { settled: charges })),

  'GET /invoices/:id/:part': ({ params }) => ({ invoice: params.id, part: params.part }),

  // A bug: refunds of charges that were never made.
  'POST /refunds': ({ body }) => withSpan('refund', () => ({ refunded: findCharge(body.charge).amount })),

  'GET /bank': () => withSpan('wait for the bank', () => new Promise(() => {})),
};

function findCharge(id) {
  return [{ id: 'ch_0', amount: 0 }].find((charge) => charge.id === id);
}

listen(createServer({ cert, key }, router(routes)), 'https');
