// Requests to a server of one subject over streams in memory: no socket, no other process, nothing but what Node and the
// tracer do for a request, to about a fiftieth. Says the nanoseconds of the fastest of its slices.
import { Duplex } from 'node:stream';
import { REQUEST } from './request.mjs';
import { PARTS } from './subjects.mjs';

const [subject] = process.argv.slice(2);
const { handle } = await PARTS[subject].start();

// Loaded after the tracer, as in a program that is started with one.
const { createServer } = process.getBuiltinModule('node:http');

const CONNECTIONS = 32;
const WARM_UP = 30_000;
const SLICES = 25;
const REQUESTS = 4_000;

/** What the server takes for a socket: it asks again in the next turn of the event loop, once it was answered. */
class Asking extends Duplex {
  remoteAddress = '127.0.0.1';
  remotePort = 4711;

  _read() {}

  _write(_chunk, _encoding, callback) {
    callback();
    if (--left > 0) setImmediate(ask, this);
    else done();
  }

  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}
}

const ask = (connection) => connection.push(REQUEST);

let left = 0;
let done = () => {};
const server = createServer(handle);
server.keepAliveTimeout = 0;
const connections = Array.from({ length: CONNECTIONS }, () => {
  const connection = new Asking();
  server.emit('connection', connection);
  return connection;
});

function serve(requests) {
  return new Promise((resolve) => {
    left = requests;
    done = resolve;
    for (const connection of connections) ask(connection);
  });
}

await serve(WARM_UP);
let best = Infinity;
for (let slice = 0; slice < SLICES; slice++) {
  const start = process.hrtime.bigint();
  await serve(REQUESTS);
  best = Math.min(best, Number(process.hrtime.bigint() - start) / REQUESTS);
}
process.send({ nanos: best });
process.disconnect();
process.exit();
