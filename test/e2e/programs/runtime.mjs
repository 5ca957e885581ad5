// A server that allocates, holds its event loop and stops Sonde when it is asked to.
import { channel } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { start } from 'sonde';

const server = createServer(async ({ url }, response) => {
  if (url === '/allocate') JSON.parse(JSON.stringify(Array.from({ length: 200_000 }, (_, i) => ({ i }))));
  if (url === '/hold') for (const end = Date.now() + 200; Date.now() < end; );
  if (url === '/shutdown') {
    await start().shutdown();
    const watched = channel('http.server.request.start').hasSubscribers;
    return response.end(JSON.stringify({ watched }));
  }
  if (url === '/end') server.close();
  response.setHeader('connection', 'close').end('ok');
}).listen(0, () => console.log(`listening on ${server.address().port}`));
