// Lets in whom it says, and whoever has the token.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { start } from 'sonde';

start({
  token: 'secret',
  authRequest: ({ headers }) => ({ any: headers['x-user'] === 'admin', sensitive: false }),
});
const server = createServer((_request, response) => response.end()).listen(0);
await once(server, 'listening');
const ask = async (headers) => {
  const response = await fetch(`http://localhost:${server.address().port}/debug/requests`, { headers });
  await response.text();
  return response.status;
};
console.log(
  JSON.stringify({
    nobody: await ask({}),
    admin: await ask({ 'x-user': 'admin' }),
    token: await ask({ authorization: 'Bearer secret' }),
  }),
);
server.close();
server.closeAllConnections();
