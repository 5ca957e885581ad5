// Opens a page of its own, and ends.
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end()).listen(0, async () => {
  const { status } = await fetch(`http://localhost:${server.address().port}/debug/requests`);
  process.exit(status === 200 ? 0 : 1);
});
