const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { debugHandler, pageMatcher, RequestsProcessor } = require('@sonde/debug');

new NodeTracerProvider({ spanProcessors: [new RequestsProcessor()] }).register();
const isPage = pageMatcher();
const ignoreIncomingRequestHook = ({ url }) => isPage(url) !== undefined; // looking leaves no trace
registerInstrumentations({ instrumentations: [new HttpInstrumentation({ ignoreIncomingRequestHook })] });

const http = require('node:http');
const debug = debugHandler({ service: 'plain-opentelemetry' });
const server = http.createServer((request, response) => {
  if (debug(request, response)) return;
  if (request.url !== '/') return response.writeHead(404).end('not found\n');
  // Calls itself, so that there is a client span to look at.
  http.get(`http://localhost:${server.address().port}/missing`, (answer) => {
    answer.resume().once('end', () => response.end('hello\n'));
  });
});
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${server.address().port}/debug/requests`);
});
