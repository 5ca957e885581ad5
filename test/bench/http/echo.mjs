// Answers every request of any client with the same bytes, so that the client is what costs.
import { createServer } from 'node:net';

const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok',
);
const END = Buffer.from('\r\n\r\n');

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  // A request without a body ends with its headers; a client that waits for its answer sends one at a time.
  let last = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    last = last.length === 0 ? chunk : Buffer.concat([last, chunk]);
    if (!last.subarray(-4).equals(END)) return;
    last = Buffer.alloc(0);
    socket.write(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
