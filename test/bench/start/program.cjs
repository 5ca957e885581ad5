// A server, as short as can be: prints the milliseconds from the birth of its process to its first line, and until it listens.
const line = performance.now();
const { createServer } = require('node:http');

const server = createServer().listen(0, () => {
  console.log(JSON.stringify({ line, listening: performance.now() }));
  server.close();
});
