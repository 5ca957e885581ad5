// What stays in memory of requests that were sent, over connections that are kept. To be run with --expose-gc
// and how many requests.
import { once } from 'node:events';
import http, { createServer } from 'node:http';
import http2 from 'node:http2';
import { connectionPools, timings, withClientTrace } from '@sonde/httptrace';
import { Agent, request } from 'undici';

const HOOKS = [
  'requestStart',
  'getConn',
  'getConnFailed',
  'gotConn',
  'putIdleConn',
  'connClosed',
  'wroteHeaderField',
];
HOOKS.push(
  'wroteHeaders',
  'wroteRequest',
  'gotFirstResponseByte',
  'gotResponseHeaders',
  'bodyChunk',
  'requestEnd',
);
HOOKS.push('connectStart', 'connectDone', 'dnsStart', 'dnsDone');

const answer = (request, response) => {
  if (request.url === '/reset') (request.stream?.session ?? request.socket).destroy();
  else if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
  else response.end('ok');
};
const server = createServer(answer).listen(0);
server.keepAliveTimeout = 0;
const server2 = http2.createServer(answer).listen(0);
await Promise.all([once(server, 'listening'), once(server2, 'listening')]);
const { port } = server.address();

const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
const read = async (response) => {
  for await (const _ of response);
};
const byHttp = async (path) => read((await once(http.get({ port, path, agent }), 'response'))[0]);
const byFetch = async (path) => (await fetch(`http://localhost:${port}${path}`)).text();
const dispatcher = new Agent({ connections: 10 });
const byUndici = async (path) =>
  (await request(`http://localhost:${port}${path}`, { dispatcher })).body.dump();
let session;
const byHttp2 = async (path) => {
  if (session?.destroyed !== false)
    session = http2.connect(`http://localhost:${server2.address().port}`).on('error', () => {});
  await read(session.request({ ':path': path }));
};

const clients = [byHttp, byFetch, byUndici, byHttp2];

let note = () => {};
/** Each with a trace of its own, which has every hook, and within another that keeps count. */
async function ask(by, count, path = '/') {
  const AT_ONCE = 20;
  const one = async () => {
    const trace = Object.fromEntries(HOOKS.map((hook) => [hook, () => {}]));
    note(trace);
    await withClientTrace(
      timings(() => {}),
      () => withClientTrace(trace, () => by(path)),
    ).catch(() => {});
  };
  for (let i = 0; i < count; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function heap() {
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

for (const by of clients) await ask(by, 2_000);
const before = await heap();
const count = Number(process.argv[2]);
await ask(byHttp, count * 0.4);
await ask(byFetch, count * 0.1);
await ask(byUndici, count * 0.2);
await ask(byHttp2, count * 0.3);
for (const by of clients) {
  for (const path of ['/reset', '/moved', '/']) await ask(by, 340, path);
}
const grown = (await heap()) - before;

// The connections stay: Node itself keeps the async context of whoever dialed or last used one.
const refs = [];
note = (thing) => refs.push(new WeakRef(thing));
for (const by of clients) await ask(by, 340);
note = () => {};
await heap();
const alive = refs.filter((ref) => ref.deref() !== undefined).length;

console.log(
  JSON.stringify({
    grownKiB: Math.round(grown / 1024),
    noted: refs.length,
    alive,
    pools: connectionPools().pools.length,
  }),
);
process.exit();
