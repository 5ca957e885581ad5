// Asks a server of this machine, over connections that are kept, as fast as it answers: bytes written and bytes counted,
// so that the client costs less than any server and never is what is waited for.
// Told { port, requests } by its parent; says when that many are answered.
import { connect } from 'node:net';
import { REQUEST } from './request.mjs';

const CONNECTIONS = 32;
const servers = new Map();

/** A connection, and how long each of its answers is: all are the same. */
async function open(port) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  socket.on('error', (error) => {
    throw error;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  const length = await new Promise((resolve) => {
    let text = '';
    const onData = (chunk) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      const body = Number(/^content-length: (\d+)/im.exec(text)?.[1]);
      if (head < 0 || text.length < head + 4 + body) return;
      socket.off('data', onData);
      resolve(head + 4 + body);
    };
    socket.on('data', onData);
    socket.write(REQUEST);
  });
  const connection = { answered: () => {}, ask: () => socket.write(REQUEST) };
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
    if (received < length) return;
    received -= length;
    connection.answered();
  });
  return connection;
}

function load(connections, requests) {
  return new Promise((resolve) => {
    let asked = 0;
    let answered = 0;
    for (const connection of connections) {
      connection.answered = () => {
        if (++answered === requests) resolve();
        else if (asked < requests) {
          asked++;
          connection.ask();
        }
      };
      if (asked < requests) {
        asked++;
        connection.ask();
      }
    }
  });
}

process.on('disconnect', () => process.exit());
process.on('message', async ({ port, requests }) => {
  if (!servers.has(port))
    servers.set(port, await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port))));
  await load(servers.get(port), requests);
  process.send({});
});
process.send({});
