// What export costs and loses, beside OpenTelemetry's BatchSpanProcessor: node test/bench/export.mjs [--full] [scenario …]. The
// same spans, the same official OTLP exporter as JSON, everything by default; the collector is a process of its own behind a
// real socket. Without --full it takes some two minutes, with shorter runs than the targets name.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const full = process.argv.includes('--full');
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const SUBJECTS = ['BatchSpanProcessor', 'ExportProcessor'];

/** `cost` is measured beside the same spans without export, and in turn. */
const SCENARIOS = {
  burst: { title: '10,000 spans in one tick', burst: 10_000 },
  loopback: { title: '100,000 spans/s', perSecond: 100_000, seconds: full ? 10 : 3 },
  far: {
    title: '40,000/s, 20 ms to the collector',
    perSecond: 40_000,
    seconds: full ? 10 : 3,
    delayMillis: 20,
  },
  cpu: { title: '20,000/s', perSecond: 20_000, seconds: full ? 6 : 2, cost: true },
  delay: { title: '40,000/s', perSecond: 40_000, seconds: full ? 6 : 2, cost: true },
  outage: { title: 'collector down under 1,000/s, then back', perSecond: 1_000, downSeconds: full ? 30 : 4 },
  busy: { title: '429 with Retry-After under 1,000/s', perSecond: 1_000, busySeconds: full ? 15 : 4 },
  dead: { title: 'no collector at all, 20,000/s', perSecond: 20_000, seconds: full ? 30 : 6, dead: true },
};

function launch(program, ...args) {
  const file = fileURLToPath(new URL(`./export/${program}.mjs`, import.meta.url));
  return fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

const answer = async (child) => (await once(child, 'message'))[0];

async function run(subject, scenario) {
  const { burst = 0, busySeconds = 0, dead, delayMillis = 0, downSeconds = 0, perSecond = 0 } = scenario;
  const { seconds = burst > 0 ? 0 : downSeconds + busySeconds + 2 } = scenario;
  const collector = launch('collector');
  const { port } = await answer(collector);
  collector.send({ delayMillis, busySeconds });
  const url = `http://127.0.0.1:${port}/v1/traces`;
  if (dead || downSeconds > 0) collector.send({ up: false });
  const warmUpSeconds = scenario.cost ? 1 : 0;
  const generator = launch(
    'generator',
    JSON.stringify({ subject, url, burst, perSecond, seconds, warmUpSeconds }),
  );
  const generated = answer(generator);
  if (downSeconds > 0) {
    await wait(downSeconds * 1000);
    collector.send({ up: true });
  }
  await generated;
  // What is late has time to arrive: a process that goes on is what is measured, not the end of one.
  if (!dead) await wait(Math.min(6_000, 1_000 + (downSeconds + busySeconds) * 1000));
  generator.send('end');
  const figures = await answer(generator);
  collector.send('count');
  const { spans } = await answer(collector);
  collector.kill();
  return { ...figures, lost: figures.made - spans };
}

/** The least of some rounds in turn. */
async function cost(scenario) {
  const least = {};
  for (let round = 0; round < (full ? 5 : 2); round++) {
    for (const subject of ['none', ...SUBJECTS]) {
      const figures = await run(subject, scenario);
      const before = least[subject] ?? figures;
      least[subject] = {
        cpuMicros: Math.min(before.cpuMicros, figures.cpuMicros),
        delayMillis: Math.min(before.delayMillis, figures.delayMillis),
        lost: Math.max(subject === 'none' ? 0 : before.lost, subject === 'none' ? 0 : figures.lost),
        made: figures.made,
      };
    }
  }
  return least;
}

/** What is lost costs little, and is no merit. */
const addedCpu = ({ cpuMicros, lost, made }, none) => ((cpuMicros - none.cpuMicros) * made) / (made - lost);
const share = ({ lost, made }) =>
  lost === 0 ? '0' : `${lost} of ${made} (${((lost / made) * 100).toFixed(1)} %)`;
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);

console.log(`Node ${process.versions.node}\n`);
row('', ...SUBJECTS);
row('---', ...SUBJECTS.map(() => '---:'));
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  if (scenario.cost) {
    const { none, ...subjects } = await cost(scenario);
    const of = (read) => SUBJECTS.map((subject) => read(subjects[subject]));
    row(`${scenario.title}: lost`, ...of(share));
    row('added CPU, µs an exported span', ...of((one) => addedCpu(one, none).toFixed(2)));
    row(
      'added event-loop delay, p99, ms',
      ...of(({ delayMillis }) => (delayMillis - none.delayMillis).toFixed(2)),
    );
    continue;
  }
  const cells = [];
  for (const subject of SUBJECTS) {
    const figures = await run(subject, scenario);
    cells.push(scenario.dead ? `${figures.rssMegabytes.toFixed(0)} MB` : share(figures));
  }
  row(`${scenario.title}: ${scenario.dead ? 'memory of the process' : 'lost'}`, ...cells);
}
