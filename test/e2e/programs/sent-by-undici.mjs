// What stays in memory of requests of npm's undici: over a pool that idles, and after it was closed. To be run with
// --expose-gc. Ends by itself, with a global trace and an idle pool left behind.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { addGlobalClientTrace, withClientTrace } from '@sonde/httptrace';

const [major, minor] = process.versions.node.split('.').map(Number);
const names = ['undici6', 'undici', ...(major > 22 || (major === 22 && minor >= 19) ? ['undici8'] : [])];

const server = createServer((_request, response) => response.end('ok')).listen(0);
await once(server, 'listening');
// The program shall not live for its own server.
server.unref().on('connection', (socket) => socket.unref());
const url = `http://127.0.0.1:${server.address().port}/`;

const hooks = ['requestStart', 'gotConn', 'gotFirstResponseByte', 'bodyChunk', 'putIdleConn', 'requestEnd'];

async function collected(refs) {
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

const kept = {};
for (const name of names) {
  const { Pool, fetch, request } = await import(name);
  let pool = new Pool(url, { connections: 2 });
  const traces = [];
  const ask = async (i) => {
    const trace = Object.fromEntries(hooks.map((hook) => [hook, () => {}]));
    traces.push(new WeakRef(trace));
    await withClientTrace(trace, async () => {
      const answer =
        i % 2 ? await fetch(url, { dispatcher: pool }) : (await request(url, { dispatcher: pool })).body;
      await answer.text();
    });
  };
  await Promise.all(Array.from({ length: 200 }, (_, i) => ask(i)));
  kept[`${name}, traces over an idle pool`] = await collected(traces);
  const closed = [new WeakRef(pool)];
  await pool.close();
  pool = undefined;
  kept[`${name}, a closed pool`] = await collected(closed);
}

addGlobalClientTrace({});
const { Pool, request } = await import('undici');
await (await request(url, { dispatcher: new Pool(url) })).body.text();
console.log(JSON.stringify(kept));
