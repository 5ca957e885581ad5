// An OTLP collector in a process of its own that counts spans and looks at nothing else. Told by messages: `{ delayMillis }`
// answers later, `{ busySeconds }` answers 429 for so long, `{ up }` goes away and comes back, 'count' answers how many
// spans came.
import { once } from 'node:events';
import { createServer } from 'node:http';

const NEEDLE = Buffer.from('"spanId"');
const settings = { delayMillis: 0, busyUntil: 0 };
let spans = 0;

/** Not those of links, of which there are none here, nor `"parentSpanId"`. */
function countIn(body) {
  let found = 0;
  for (let at = body.indexOf(NEEDLE); at !== -1; at = body.indexOf(NEEDLE, at + NEEDLE.length)) found++;
  return found;
}

let port = 0;
let server;
async function listen() {
  server = createServer((request, response) => {
    const chunks = [];
    request.on('error', () => {});
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const left = settings.busyUntil - Date.now();
      if (left > 0) {
        response.writeHead(429, { 'retry-after': String(Math.ceil(left / 1000)) }).end();
        return;
      }
      spans += countIn(Buffer.concat(chunks));
      if (settings.delayMillis > 0) setTimeout(() => response.end('{}'), settings.delayMillis);
      else response.end('{}');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  port = server.address().port;
}

process.on('message', async (message) => {
  if (message === 'count') process.send({ spans });
  if (message.delayMillis !== undefined) settings.delayMillis = message.delayMillis;
  if (message.busySeconds !== undefined) settings.busyUntil = Date.now() + message.busySeconds * 1000;
  if (message.up === true) await listen();
  if (message.up === false) {
    server.close();
    server.closeAllConnections();
  }
});

await listen();
process.send({ port });
