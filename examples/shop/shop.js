// Starts the three services, sends them real requests, and tells where to look.
//
//   node shop.js          runs until Ctrl-C
//   node shop.js --once   checks that one trace crossed all three services, prints it, and ends
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOneTrace, printTree } from './check.js';
import { startService } from './service.js';
import { ask, sendTraffic } from './traffic.js';

const REQUESTS = 300;
const once = process.argv.includes('--once');
/** For people, addresses that can be remembered; taken ones, and those of a check, are left to the system. */
const preferredPorts = once ? {} : { gateway: 3000, orders: 3001, payments: 3443 };

const scratch = mkdtempSync(join(tmpdir(), 'sonde-shop-'));
const services = [];
let stopping = false;

async function start(name, env) {
  const service = await startService(
    name,
    { ...env, SHOP_CA: join(scratch, 'ca.pem') },
    preferredPorts[name],
  );
  service.ended.then((how) => {
    if (!stopping) console.log(`${name} (pid ${service.pid}) ended by ${how}; the others go on`);
  });
  services.push(service);
  return service;
}

async function stop(exitCode) {
  if (stopping) return;
  stopping = true;
  for (const service of services) service.kill('SIGTERM');
  await Promise.all(services.map((service) => service.ended));
  rmSync(scratch, { recursive: true, force: true });
  process.exit(exitCode);
}

process.once('SIGINT', () => stop(0));
process.once('SIGTERM', () => stop(0));
const parent = process.ppid;
setInterval(() => process.ppid === parent || stop(1), 1000).unref();

try {
  console.log('Starting gateway, orders (with its database) and payments …');
  const payments = await start('payments');
  const orders = await start('orders', { PAYMENTS_URL: payments.url });
  const gateway = await start('gateway', { ORDERS_URL: orders.url, PAYMENTS_URL: payments.url });

  // Left to hang, so that a running request is always to be seen.
  const hanging = ask(gateway.url, 'GET', '/bank').catch(() => {});
  console.log(`Sending ${REQUESTS} requests …`);
  const outcome = await sendTraffic(gateway.url, REQUESTS);
  // Each alone, so that it is clear whose fault it is.
  for (const path of ['/labels/7', '/quotes/7', '/sitemap']) await ask(gateway.url, 'GET', path);
  console.log(`${outcome.ok} were answered, ${outcome.failed} failed (refunds always do), 1 still hangs.\n`);

  if (once) {
    const found = await findOneTrace(gateway);
    printTree(found);
    await stop(found.problems.length === 0 ? 0 : 1);
  }
  for (const { name, pid, url } of [gateway, orders, payments]) {
    console.log(`${name.padEnd(9)} ${`${url}/debug/requests`.padEnd(40)} pid ${pid}`);
  }
  console.log(
    '\nThe certificate of payments is of its own making: a browser warns, `curl -k` does not mind.',
  );
  console.log('Ctrl-C ends all three.');
  await hanging;
} catch (error) {
  console.error(error.message);
  await stop(1);
}
