// The same in CommonJS: `require()` of the ESM packages works on every supported Node.
const { createServer } = require('node:http');
const { withSpan } = require('@sonde/core');

const server = createServer(async (request, response) => {
  await withSpan('work', { attributes: { 'work.for': request.url } }, () => new Promise(setImmediate));
  response.end('the application\n');
});
server.listen(0, () => console.log(`listening on ${server.address().port}`));
