// npm run bench [-- --json]: ours beside its peers, under every Node, as ratios of minima from interleaved slices.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, nodeBinary, root, run, SUPPORTED_NODES } from './workspace.mjs';

const asJson = process.argv.includes('--json');

if (asJson) console.log = () => {};
await build();
const runs = [];
for (const major of SUPPORTED_NODES) {
  const binary = nodeBinary(major);
  if (!existsSync(binary)) continue;
  const { code, output } = await run(binary, [join(root, 'test/bench/span.mjs')]);
  if (code !== 0) {
    console.error(output);
    process.exit(1);
  }
  runs.push(JSON.parse(output));
}

if (asJson) {
  process.stdout.write(`${JSON.stringify(runs, null, 2)}\n`);
} else {
  console.log('\n| Node | case | sdk-trace-base | @sonde/core | ratio |\n|---|---|---:|---:|---:|');
  for (const { node, results } of runs) {
    for (const { case: name, nanos, ratio } of results) {
      const [theirs, ours] = [nanos['sdk-trace-base'], nanos['@sonde/core']].map(
        (ns) => `${ns.toFixed(0)} ns`,
      );
      console.log(`| ${node} | ${name} | ${theirs} | ${ours} | **${ratio.toFixed(1)}×** |`);
    }
  }
}
