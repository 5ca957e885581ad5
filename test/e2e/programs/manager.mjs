// What a process manager does (PM2 in its fork mode): a wrapper loads the script in a process of its own, which is told to
// end by SIGINT and started again. Node gets `--import sonde/register` by its arguments or by the environment.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [script, how] = process.argv.slice(2);
const register = '--import=sonde/register';

function run() {
  const child = fork(fileURLToPath(new URL('wrapper.cjs', import.meta.url)), [], {
    execArgv: how === 'arguments' ? [register] : [],
    env: { ...process.env, SCRIPT: script, ...(how === 'environment' ? { NODE_OPTIONS: register } : {}) },
  });
  child.once('exit', (code, signal) => {
    console.log(`ended by ${signal ?? code}`);
    run();
  });
  process.once('SIGHUP', () => child.kill('SIGINT'));
}
run();
