// node test/bench/parts.mjs [major …]: what each part of tracing adds to a served request, in nanoseconds of its thread.
// `npm run bench -- --case server` says what a request costs a process, its kernel and collector included, which no two
// runs measure alike; this one says where it goes. Needs a build, and the peers that the other one installs.
import { nodeBinary } from '../../scripts/workspace.mjs';
import { startProcess } from './http/processes.mjs';
import { PARTS } from './http/subjects.mjs';

/** The same code is not compiled to the same each time. */
const LAUNCHES = 5;

const majors = process.argv.slice(2).map(Number);
for (const major of majors.length > 0 ? majors : [24]) {
  const best = Object.fromEntries(Object.keys(PARTS).map((part) => [part, Infinity]));
  for (let launch = 0; launch < LAUNCHES; launch++) {
    for (const part of Object.keys(PARTS)) {
      const { hello } = await startProcess(nodeBinary(major), 'served-alone', [part]);
      best[part] = Math.min(best[part], hello.nanos);
    }
  }
  for (const [part, nanos] of Object.entries(best)) {
    console.log(`Node ${major}, ${part}: ${nanos.toFixed(0)} ns, ${(nanos - best.plain).toFixed(0)} added`);
  }
}
