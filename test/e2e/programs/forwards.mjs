// A service that hands each request on to the next one, if there is one. `/leave` ends it, by itself.
import { createServer } from 'node:http';

const next = process.env.NEXT_URL;
const server = createServer(async (request, response) => {
  try {
    if (request.url === '/leave') server.close();
    else if (next !== undefined) await (await fetch(next + request.url)).text();
    response.writeHead(200, { connection: 'close' }).end('done\n');
  } catch (error) {
    response.writeHead(502, { connection: 'close' }).end(`${error.cause?.code}\n`);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
