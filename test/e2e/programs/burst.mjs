// A service that makes many spans at once, and hands all over when it is asked to.
import { createServer } from 'node:http';
import { withSpan } from '@sonde/core';
import { start } from 'sonde';

const sonde = start();
const server = createServer(async (request, response) => {
  if (request.url === '/flush') await sonde.forceFlush();
  const spans = Number(/^\/burst\/(\d+)$/.exec(request.url)?.[1] ?? 0);
  for (let i = 0; i < spans; i++) withSpan('one of many', () => {});
  response.end();
});
server.listen(0, () => console.log(`listening on ${server.address().port}`));
