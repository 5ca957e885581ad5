// node test/bench/start.mjs [rounds] [--json]: what tracing adds to the start of a server, in new processes that take turns,
// the least of all rounds. Under the Node that runs this. Needs a build.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROUNDS = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 20);
const here = fileURLToPath(new URL('start/', import.meta.url));
const program = `${here}program.cjs`;
const start = promisify(execFile);

/** Nobody listens there; nothing is to be sent. */
const OTLP = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
const sonde = ['--import', 'sonde/register'];
const openTelemetry = ['--require', `${here}opentelemetry.cjs`];
const SUBJECTS = [
  { name: 'plain node', args: [] },
  { name: 'the api alone', args: ['--require', '@opentelemetry/api'] },
  { name: 'sonde', args: sonde },
  { name: 'sonde, OTLP', args: sonde, env: OTLP },
  { name: 'OpenTelemetry', args: openTelemetry },
  { name: 'OpenTelemetry, OTLP', args: openTelemetry, env: OTLP },
];

const least = Object.fromEntries(SUBJECTS.map(({ name }) => [name, { line: Infinity, listening: Infinity }]));
for (let round = 0; round < ROUNDS; round++) {
  for (const { args, env, name } of SUBJECTS) {
    const { stdout } = await start(process.execPath, [...args, program], {
      cwd: here,
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    });
    const { line, listening } = JSON.parse(stdout);
    least[name].line = Math.min(least[name].line, line);
    least[name].listening = Math.min(least[name].listening, listening);
  }
}

if (process.argv.includes('--json')) console.log(JSON.stringify(least));
else {
  const plain = least['plain node'];
  const added = (name, mark) => least[name][mark] - plain[mark];
  console.log(
    `Node ${process.versions.node}, the least of ${ROUNDS}; plain node listens after ${plain.listening.toFixed(0)} ms`,
  );
  for (const { name } of SUBJECTS.slice(1)) {
    const times = added(name, 'listening') / added('sonde', 'listening');
    console.log(
      `${name.padEnd(20)} + ${added(name, 'line').toFixed(0).padStart(4)} ms at its first line, + ${added(name, 'listening').toFixed(0).padStart(4)} ms until it listens, ${times.toFixed(1)} × sonde's`,
    );
  }
}
