// node test/bench/kept.mjs [major …]: what it costs to keep a finished request for /debug/requests (family, list of
// running ones, buckets, histogram), beyond keeping its span in a ring. Needs a build.
import { nodeBinary } from '../../scripts/workspace.mjs';
import { takeTurns } from './turns.mjs';

const SUBJECTS = ['ring-only', 'requests-processor'];
const SETUPS = { idle: 'nothing else runs', busy: '1,000 others run' };

const majors = process.argv.slice(2).map(Number);
for (const major of majors.length > 0 ? majors : [24]) {
  for (const [setup, title] of Object.entries(SETUPS)) {
    const figures = await takeTurns(nodeBinary(major), setup, SUBJECTS, ['job', 'request', 'trace', 'lines']);
    const [ring, kept] = SUBJECTS.map((subject) => figures[subject]);
    for (const key of ['job', 'request']) {
      const more = kept[key] - ring[key];
      const sum = `${kept[key].toFixed(0)} - ${ring[key].toFixed(0)}`;
      console.log(`Node ${major}, ${title}, ${key}: ${more.toFixed(0)} ns (${sum})`);
    }
    const byHand = `newTrace + finish ${kept.trace.toFixed(0)} ns, with three lines ${kept.lines.toFixed(0)} ns`;
    console.log(`Node ${major}, ${title}, by hand: ${byHand}`);
  }
}
