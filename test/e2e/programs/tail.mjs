// Serves a request that is fine and one that fails, makes a slow report, shows what its own page says of them, and ends
// in the middle of another report.
import { createServer } from 'node:http';
import { trace } from '@opentelemetry/api';
import { withSpan } from '@sonde/core';

const server = createServer(({ url }, response) => {
  withSpan(`SELECT for ${url}`, () => {});
  response.writeHead(url === '/fails' ? 500 : 200).end();
}).listen(0);
const address = `http://localhost:${server.address().port}`;
const ask = async (path) => (await fetch(address + path)).text();

/** One that began a minute ago. */
function report(name, finish) {
  trace.getTracer('reports').startActiveSpan(name, { startTime: Date.now() - 60_000 }, (span) => {
    withSpan(`SELECT for ${name}`, () => {});
    finish(span);
  });
}

await ask('/fine');
await ask('/fails');
report('report', (span) => span.end());
const { tail } = JSON.parse(await ask('/debug/sonde.json'));
console.log(JSON.stringify(tail));
report('unfinished', () => process.exit());
