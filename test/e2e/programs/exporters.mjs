// Gives spans to two exporters of its own, one of which is slow to answer, and tells what they got.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { withSpan } from '@sonde/core';
import { start } from 'sonde';

let shutDown = 0;
class ListExporter {
  names = [];
  export(spans, done) {
    this.names.push(...spans.map(({ name }) => name));
    setImmediate(() => done({ code: 0 }));
  }
  async shutdown() {
    shutDown++;
  }
}

const [first, second] = [new ListExporter(), new ListExporter()];
const sonde = start({ exporters: [first, second] });
for (let i = 0; i < 2; i++) withSpan(`step ${i}`, () => {});

const server = createServer().listen(0);
await once(server, 'listening');
const answer = await fetch(`http://localhost:${server.address().port}/debug/sonde.json`);
const { exporting } = await answer.json();
server.close();
server.closeAllConnections();
await sonde.shutdown();
const endpoints = exporting.map(({ endpoint }) => endpoint);
const names = (exporter) => exporter.names.filter((name) => name.startsWith('step'));
console.log(JSON.stringify({ first: names(first), second: names(second), shutDown, endpoints }));
