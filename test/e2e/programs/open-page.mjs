// A server that does what it is asked to: stops listening, lets go of its server, or of Sonde.
import { createServer } from 'node:http';
import { start } from 'sonde';

const sonde = start();
const deeds = {
  '/close': () => server.close(() => console.log('closed')),
  '/unref': () => server.unref(),
  '/shutdown': () => sonde.shutdown(),
};
const server = createServer(async (request, response) => {
  await deeds[request.url]?.();
  response.setHeader('Connection', 'close').end('done');
});
server.listen(0, () => console.log(`listening on ${server.address().port}`));
