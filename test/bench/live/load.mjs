// Asks a server of this machine so many times a second, over connections that are kept, one path of so many after the other.
import { connect } from 'node:net';

const CONNECTIONS = 64;
/** Between two bursts, in milliseconds. */
const BURST = 5;

const [port, perSecond, families] = process.argv.slice(2).map(Number);
const requests = Array.from({ length: families }, (_, i) =>
  Buffer.from(`GET /shop/${nameOf(i)} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`),
);

/** In letters: numbers in a path are ids, and those share a family. */
function nameOf(i) {
  return i.toString(10).replace(/\d/g, (digit) => 'abcdefghij'[digit]);
}

const idle = [];
for (let i = 0; i < CONNECTIONS; i++) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  // One request at a time, whose answer is small enough to come as one.
  socket.on('connect', () => idle.push(socket)).on('data', () => idle.push(socket));
}

let next = 0;
let due = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  due += ((now - last) * perSecond) / 1000;
  last = now;
  for (; due >= 1 && idle.length > 0; due--) idle.shift().write(requests[next++ % families]);
}, BURST);

process.on('disconnect', () => process.exit());
process.send({});
