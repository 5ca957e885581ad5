// npm test: everything. npm run check: what says the most in the least time, under this Node alone.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureGo } from './go.mjs';
import { ensureNextApplication } from './next.mjs';
import { build, node, nodeBinary, root, run, runningNode, SUPPORTED_NODES } from './workspace.mjs';

const quick = process.argv.includes('--quick');
const reports = join(root, 'test/.out/reports');

const versions = quick ? [runningNode] : SUPPORTED_NODES;
/** Failures are told twice, where they happen and at the end: whoever sees the last lines alone sees them. */
const total = { passed: 0, failed: 0, failures: [], skipped: [] };
const started = performance.now();

function note(name, passed, output) {
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (passed) total.passed++;
  else {
    total.failed++;
    total.failures.push(name);
    console.log(output);
  }
}

/** The first line of what went wrong, where it says enough. */
function failureOf({ failureMessages, fullName }, major) {
  return `${fullName} (Node ${major}): ${failureMessages?.[0]?.split('\n', 1)[0].slice(0, 300) ?? 'no message'}`;
}

async function checkTypes() {
  const { code, output } = await node('node_modules/typescript/bin/tsc', '-p', 'test', '--noEmit');
  note('types of packages and tests', code === 0, output);
}

async function checkLint() {
  const { code, output } = await node('node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '.');
  note('lint and format', code === 0, output);
}

/** Runs vitest projects under one Node and counts each test. */
async function runTests(major, projects, env = {}) {
  const name = `${projects.join(', ')} under Node ${major}`;
  const binary = nodeBinary(major);
  if (!existsSync(binary)) {
    total.skipped.push(`${name}: there is no Node ${major} for this machine in test/nodes`);
    return;
  }
  const report = join(reports, `${projects.join('-')}-node${major}.json`);
  const { code, output } = await run(
    binary,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { env: { NO_COLOR: '1', ...env } },
  );
  const seconds = Math.round((performance.now() - started) / 1000);
  if (!existsSync(report)) {
    note(name, false, output);
    return;
  }
  const results = JSON.parse(readFileSync(report, 'utf8'));
  const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults);
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  total.passed += results.numPassedTests;
  total.failed += results.numFailedTests;
  total.skipped.push(...skipped.map(({ fullName }) => `${fullName} (Node ${major})`));
  console.log(
    `${code === 0 ? 'ok  ' : 'FAIL'} ${name}: ${results.numPassedTests} passed, ${results.numFailedTests} failed, ${skipped.length} skipped (${seconds} s)`,
  );
  if (code === 0) return;
  console.log(output);
  const failed = tests.filter(({ status }) => status === 'failed');
  total.failures.push(...failed.map((test) => failureOf(test, major)));
  if (failed.length > 0) return;
  // A file that cannot be loaded, or an error outside every test, fails the run and no test.
  total.failed++;
  total.failures.push(`${name}: an error outside every test`);
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
await build();
console.log(quick ? 'Checking …' : 'Testing under Node 20, 22, 24 and 26 (some minutes) …');
await checkTypes();
await checkLint();
for (const major of versions) await runTests(major, ['unit', 'conformance']);
if (!quick) {
  await ensureGo();
  for (const major of versions) await runTests(major, ['http', 'httptrace', 'interop', 'e2e']);
  await ensureNextApplication();
  for (const major of versions) await runTests(major, ['next']);
  await ensureChromium();
  await runTests(runningNode, ['browser']);
}

if (total.skipped.length > 0) {
  console.log('\nskipped:');
  for (const name of total.skipped) console.log(`  ${name}`);
}
if (total.failures.length > 0) {
  console.log('\nfailed:');
  for (const failure of total.failures) console.log(`  ${failure}`);
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
