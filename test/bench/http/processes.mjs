// Processes that answer questions, one at a time.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} binary the Node it runs under
 * @param {string} program a file of this folder, without its ending
 * @returns what it said when it was ready, a way to ask, and a way to stop it
 */
export async function startProcess(binary, program, args = []) {
  const child = fork(fileURLToPath(new URL(`./${program}.mjs`, import.meta.url)), args, {
    execPath: binary,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));
  const answer = () =>
    new Promise((resolve, reject) => {
      const onExit = (code, signal) => {
        reject(new Error(`${[program, ...args].join(' ')} ended with ${code ?? signal}\n${complaint}`));
      };
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  const hello = await answer();
  return {
    hello,
    ask(question) {
      const answered = answer();
      child.send(question);
      return answered;
    },
    stop: () => child.disconnect(),
  };
}
