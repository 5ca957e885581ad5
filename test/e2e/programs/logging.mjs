import { createServer } from 'node:http';
import { withSpan } from '@sonde/core';

const server = createServer((request, response) => {
  console.log('asked for %s by %o', request.url, { id: 7 });
  withSpan('look up', () => console.error(new Error('nothing <b>there</b>')));
  response.end();
});
server.listen(0, () => console.log(`listening on ${server.address().port}`));
