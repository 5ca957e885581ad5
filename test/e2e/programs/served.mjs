// What stays in memory of requests that were served, over connections that are kept. To be run with --expose-gc.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager, W3CTraceContextPropagator } from '@sonde/context';
import { TracerProvider } from '@sonde/core';
import { RequestStore, RequestsProcessor } from '@sonde/debug';
import { instrumentHttp, setRoute } from '@sonde/http';
import { addGlobalServerTrace } from '@sonde/httptrace';

let note = () => {};
const noting = {
  onStart: (span) => note(span),
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};
const store = new RequestStore();
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new RequestsProcessor(store), noting] }));
instrumentHttp();
addGlobalServerTrace(() => {
  const hooks = ['gotRequestHeaders', 'gotRequestBody', 'wroteResponseHeaders', 'wroteFirstResponseByte'];
  const hooked = Object.fromEntries([...hooks, 'wroteResponse', 'aborted'].map((hook) => [hook, () => {}]));
  note(hooked);
  return hooked;
});

const server = createServer(async (request, response) => {
  setRoute(request, '/orders/:id');
  request.on('end', () => {}).resume();
  await null;
  if (request.url !== '/never') response.end('ok');
}).listen(0);
server.keepAliveTimeout = 0;
await once(server, 'listening');
const { port } = server.address();

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** So many requests over one connection, several on their way at once. */
async function ask(socket, count) {
  const BATCH = 50;
  for (let i = 0; i < count; i += BATCH) {
    socket.write(get(`/orders/${i}`).repeat(BATCH));
    for (let answers = 0; answers < BATCH; ) {
      const [chunk] = await once(socket, 'data');
      answers += String(chunk).split('HTTP/1.1 200').length - 1;
    }
  }
}

async function heap() {
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

const socket = connect(port);
await ask(socket, 20_000);
const before = await heap();
await ask(socket, 100_000);
for (let i = 0; i < 1_000; i++) {
  const gone = connect(port);
  gone.write(get('/never'));
  await once(server, 'request');
  gone.destroy();
  await once(gone, 'close');
}
const grown = (await heap()) - before;

// The store keeps the latest of each family on purpose: another family, then.
const refs = [];
note = (thing) => refs.push(new WeakRef(thing));
await ask(socket, 500);
note = () => {};
await ask(socket, 50);
await heap();
const alive = refs.filter((ref) => ref.deref() !== undefined).length;

console.log(
  JSON.stringify({
    grownKiB: Math.round(grown / 1024),
    noted: refs.length,
    alive,
    active: store.activeCount,
  }),
);
process.exit();
