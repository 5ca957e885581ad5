// A process that has one subject registered and measures a slice when it is asked, idle otherwise.
// Arguments: the subject, the setup. Speaks with its parent by messages.
import { ring } from '../ring.mjs';
import { calibrate, measure } from '../slice.mjs';

const [subject, setup] = process.argv.slice(2);
const { start } = await import(`../subjects/${subject}.mjs`);
const keep = ring(1024);
let kept = 0;
const works = await start(setup, (span) => {
  kept++;
  keep(span);
});
const times = {};

// Who records nothing is fast.
if (setup === 'recording') {
  await works.root(1);
  if (kept === 0) throw new Error(`${subject} kept no span`);
}

process.on('disconnect', () => process.exit());
process.on('message', async ({ ask, key }) => {
  if (ask === 'calibrate') times[key] = await calibrate(works[key]);
  process.send({ nanos: ask === 'slice' ? await measure(works[key], times[key]) : undefined });
});
process.send({ keys: Object.keys(works) });
