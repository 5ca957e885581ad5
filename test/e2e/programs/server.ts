// A service in TypeScript, which no compiler has seen before it runs.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { withSpan } from '@sonde/core';

const pathOf = ({ url = '/' }: IncomingMessage): string => url;

const server = createServer(async (request, response) => {
  await withSpan('work', { attributes: { 'work.for': pathOf(request) } }, () => new Promise(setImmediate));
  response.end('the application\n');
});
server.listen(0, () => console.log(`listening on ${(server.address() as AddressInfo).port}`));
