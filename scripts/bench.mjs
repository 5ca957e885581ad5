// npm run bench [-- --json] [--node 24,26] [--case root,nested]: ours beside its peers, as ratios of minima from
// interleaved slices. Speed is measured here, never asserted: a target that is missed is a word in the table.
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { CASE_NAMES, ROWS } from '../test/bench/cases.mjs';
import { build, nodeBinary, run, SUPPORTED_NODES } from './workspace.mjs';

// stdout belongs to the figures.
console.log = console.error;

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** The values of an option, given several times or with commas; all that there are, if it was not given. */
function chosen(option, given, known) {
  if (given === undefined) return known.map(String);
  const values = given.flatMap((value) => value.split(',')).map((value) => value.trim());
  const unknown = values.find((value) => !known.map(String).includes(value));
  if (unknown !== undefined) {
    stop(`--${option} "${unknown}" is not known; there are ${known.join(', ')}.`);
  }
  return values;
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        node: { type: 'string', multiple: true },
        case: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    const [complaint] = error.message.split('. ');
    return stop(`${complaint}; the options are --json, --node and --case.`);
  }
}

function machine() {
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}.`;
}

const options = readOptions();
const nodes = chosen('node', options.node, SUPPORTED_NODES).map(Number);
const cases = chosen('case', options.case, CASE_NAMES);

for (const node of nodes) {
  if (existsSync(nodeBinary(node))) continue;
  if (options.node !== undefined) stop(`There is no Node ${node} for this machine in test/nodes.`);
  console.error(`Node ${node} is left out: there is none for this machine in test/nodes.`);
}

await build();
const { ensurePeers } = await import('../test/bench/peers.mjs');
const { measureUnder } = await import('../test/bench/measure.mjs');
const { table } = await import('../test/bench/table.mjs');

if (
  ROWS.some(({ name, setup }) => ['recording', 'server', 'client'].includes(setup) && cases.includes(name))
) {
  await ensurePeers(run, console.error);
}

const results = [];
for (const node of nodes.filter((major) => existsSync(nodeBinary(major)))) {
  const { output } = await run(nodeBinary(node), ['-p', 'process.versions.node']);
  const rows = await measureUnder(node, nodeBinary(node), cases, console.error);
  results.push({ node: output.trim(), rows });
}

if (options.json) {
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
} else {
  for (const { node, rows } of results) process.stdout.write(`\n### Node ${node}\n\n${table(rows)}\n`);
  process.stdout.write(`\n${machine()}\n`);
}
