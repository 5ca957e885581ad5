// Somebody else was first. With `serve`, the program goes on as a service.
import { createServer } from 'node:http';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

trace.setGlobalTracerProvider(new BasicTracerProvider());
const { start } = await import('sonde');
const sonde = start();
if (process.argv[2] === 'serve') {
  const server = createServer((_request, response) => response.end());
  server.listen(0, () => console.log(`listening on ${server.address().port}`));
} else {
  await sonde.shutdown();
  console.log('the program goes on');
}
