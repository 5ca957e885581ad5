// A service as a user writes it: no line of Sonde, but a span by hand.
import { createServer } from 'node:http';
import { withSpan } from '@sonde/core';

const server = createServer(async (request, response) => {
  await withSpan('work', { attributes: { 'work.for': request.url } }, () => new Promise(setImmediate));
  response.end('the application\n');
});
server.listen(0, () => console.log(`listening on ${server.address().port}`));
