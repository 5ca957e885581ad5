// Customers: a bounded number of real requests, a few at a time.
import { Agent, request } from 'node:http';

const CUSTOMERS = 6;
const agent = new Agent({ keepAlive: true, maxSockets: CUSTOMERS + 1 });

/** Of twenty requests, how many are of each kind. */
const MIX = [
  [8, () => ['POST', '/checkout', { sku: `sku-${1 + Math.floor(Math.random() * 12)}`, quantity: 1 }]],
  [5, () => ['GET', `/orders/${1 + Math.floor(Math.random() * 40)}`]],
  [3, () => ['GET', '/catalogue']],
  [1, () => ['GET', '/report']],
  [1, () => ['GET', `/invoices/${1 + Math.floor(Math.random() * 40)}`]],
  [2, () => ['POST', '/refunds', { charge: 'ch_none' }]],
];
const cycle = MIX.flatMap(([share, make]) => Array.from({ length: share }, () => make));

/** Answers how many were answered well and how many were not. */
export async function sendTraffic(url, count) {
  let sent = 0;
  const outcome = { ok: 0, failed: 0 };
  const customer = async () => {
    while (sent < count) {
      // 7 is prime to 20, so that the kinds take turns.
      const make = cycle[(sent++ * 7) % cycle.length];
      const status = await ask(url, ...make()).catch(() => 0);
      if (status >= 200 && status < 400) outcome.ok++;
      else outcome.failed++;
    }
  };
  await Promise.all(Array.from({ length: CUSTOMERS }, customer));
  return outcome;
}

/** One request; answers its status. No timeout: the shop has routes that try patience. */
export function ask(url, method, path, body) {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { method, agent }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
