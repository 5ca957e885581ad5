// A server whose handlers leave work in a queue that one timer works off: outside of every request's context.
import { createServer } from 'node:http';
import { withSpan } from '@sonde/core';

const queue = [];
setInterval(() => {
  for (const job of queue.splice(0)) job();
}, 5);

const server = createServer((_request, response) => {
  queue.push(() => withSpan('write row', () => response.end()));
});
server.listen(0, () => console.log(`listening on ${server.address().port}`));
