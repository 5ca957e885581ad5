// Serves the pages on a port of their own, stops, and starts again; ends by itself, with a connection to them open.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { start } from 'sonde';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
probe.close();
await once(probe, 'close');

const page = `http://127.0.0.1:${port}/debug/requests`;
const ask = () =>
  fetch(page).then(
    (response) => response.text().then(() => response.status),
    (error) => error.cause.code,
  );

const first = start({ port });
const before = await ask();
const open = connect(port, '127.0.0.1');
await once(open, 'connect');
// Heard by the server, too: it would be kept otherwise.
open.write('GET /debug/sonde.css HTTP/1.1\r\nHost: localhost\r\n\r\n');
await once(open, 'data');
const ended = once(open, 'close');
await first.shutdown();
await ended;
const after = await ask();

start({ port: `127.0.0.1:${port}` });
const again = await ask();
const left = connect(port, '127.0.0.1');
await once(left, 'connect');
left.unref();
console.log(JSON.stringify({ before, after, again }));
