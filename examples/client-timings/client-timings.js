// Where the time of a request went, phase by phase: node client-timings.js <url>
import { withTimings } from '@sonde/httptrace';

const PHASES = ['queue', 'dns', 'connect', 'proxy', 'tls', 'send', 'wait', 'receive'];
const WIDTH = 48;
const ms = (time) => `${time.toFixed(1)} ms`.padStart(11);

function show({ attempt, method, url, statusCode, err, reused, remoteAddress, total, ...timings }) {
  const how = reused ? 'reused' : 'new';
  const to = remoteAddress === undefined ? 'no connection' : `${how} connection to ${remoteAddress}`;
  console.log(`\n${attempt}. ${method} ${url}: ${statusCode ?? err?.code ?? 'no answer'}, ${to}`);
  const column = (time) => Math.round((time / total) * WIDTH);
  let begun = 0;
  for (const phase of PHASES.filter((name) => timings[name] !== undefined)) {
    const ended = begun + timings[phase];
    const bar = '█'.repeat(column(ended) - column(begun)) || '▏';
    console.log(`   ${phase.padEnd(8)}${ms(timings[phase])}  ${' '.repeat(column(begun))}${bar}`);
    begun = ended;
  }
  console.log(`   ${'total'.padEnd(8)}${ms(total)}`);
}

const [url] = process.argv.slice(2);
if (!URL.canParse(url) || !/^https?:/.test(url)) {
  console.error('usage: node client-timings.js <url>, where the URL begins with http:// or https://');
  process.exit(2);
}
const { result, timings } = withTimings(async () => (await fetch(url)).arrayBuffer());
const failure = await result.then(() => undefined).catch((error) => error.cause ?? error);
for (const attempt of await timings) show(attempt);
if (failure !== undefined) {
  console.error(`\n${url} could not be read: ${failure.message || failure.code}`);
  process.exitCode = 1;
}
