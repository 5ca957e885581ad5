// A client of one subject, in a process of its own. Told { port, requests, by, mode }, it asks that often, over connections that
// are kept, and answers what that took of the processor, in microseconds, and how many spans it has kept.
import { CLIENTS } from './clients.mjs';

const CONCURRENT = 16;
/** Asked before a slice is measured: putting hooks in and taking them out makes Node compile again what it calls. */
const SETTLING = 500;

const [subject] = process.argv.slice(2);
const { around = (fn) => fn(), hold = () => () => {}, kept } = await CLIENTS[subject].start();

// Loaded after the tracer, as in a program that is started with one.
const http = process.getBuiltinModule('node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: CONCURRENT });

const ask = {
  http: (port) =>
    new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, path: '/orders/7?page=2', agent }, (response) => {
        response.resume();
        response.once('end', resolve);
      });
      request.once('error', reject);
    }),
  fetch: async (port) => (await fetch(`http://127.0.0.1:${port}/orders/7?page=2`)).text(),
};

async function load(by, port, requests) {
  let left = requests;
  const worker = async () => {
    while (left-- > 0) await ask[by](port);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
}

process.on('disconnect', () => process.exit());
process.on('message', async ({ by, mode, port, requests }) => {
  const letGo = hold(mode);
  if (mode !== undefined) await around(() => load(by, port, SETTLING), mode);
  const before = process.cpuUsage();
  await around(() => load(by, port, requests), mode);
  const { system, user } = process.cpuUsage(before);
  letGo();
  process.send({ micros: system + user, kept: await kept() });
});
process.send({});
