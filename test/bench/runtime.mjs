// node test/bench/runtime.mjs [major …]: what recording the runtime costs: of a served request, of an idle process, and at
// the start. Needs a build.
import { nodeBinary } from '../../scripts/workspace.mjs';
import { measureServers } from './http/measure.mjs';
import { startProcess } from './http/processes.mjs';
import { RUNTIME } from './http/subjects.mjs';

const IDLE_SECONDS = 10;
const subjects = Object.keys(RUNTIME);

const majors = process.argv.slice(2).map(Number);
for (const major of majors.length > 0 ? majors : [24]) {
  const binary = nodeBinary(major);
  const micros = await measureServers(binary, subjects);
  const [off, same, on] = subjects.map((subject) => micros[subject]);
  const times = (figure) => `× ${(figure / off).toFixed(3)}`;
  console.log(
    `Node ${major}, a served request: ${off.toFixed(2)} µs, not recorded either ${times(same)}, recorded ${times(on)}`,
  );
  const idle = await Promise.all(subjects.map((subject) => idleShare(binary, subject)));
  console.log(
    `Node ${major}, idle: ${subjects.map((subject, i) => `${subject} ${(100 * idle[i]).toFixed(3)} %`).join(', ')} of a CPU`,
  );
}

/** Both at the same time: whatever else the machine does meets both. */
async function idleShare(binary, subject) {
  const { ask, stop } = await startProcess(binary, 'server', [subject]);
  const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await sleep(2);
  const before = await ask('micros');
  await sleep(IDLE_SECONDS);
  const after = await ask('micros');
  stop();
  return (after.micros - before.micros) / 1e6 / IDLE_SECONDS;
}
