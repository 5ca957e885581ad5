// Takes an address, and leaves the letter to a worker.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Queue } from './queue.js';

const emails = new Queue('emails', process.env.QUEUE_DIRECTORY ?? 'queue');

const server = createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/signups') return response.writeHead(404).end();
  await emails.send({ to: await text(request), subject: 'Welcome' });
  response.writeHead(202).end('a letter is on its way\n');
});
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
