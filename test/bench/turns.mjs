// Processes that take turns: each has its own globals and its own compiled code, and never two of them run at once.
// Figures of one such group can be divided by each other, also on a machine that does other work too.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./programs/worker.mjs', import.meta.url));
const ROUNDS = 25;
/** The same code is not compiled to the same each time: two groups of processes, one after the other. */
const LAUNCHES = 2;

/**
 * @param {string[]} subjects
 * @param {string[]} keys what to measure; a subject that does not know one is left out there
 * @returns {Promise<Record<string, Record<string, number>>>} nanoseconds of the fastest slice, by subject and key
 */
export async function takeTurns(binary, setup, subjects, keys) {
  const best = Object.fromEntries(subjects.map((subject) => [subject, {}]));
  for (let launch = 0; launch < LAUNCHES; launch++) {
    const workers = [];
    try {
      for (const subject of subjects) workers.push(await startWorker(binary, setup, subject));
      await measureInTurn(workers, keys, best);
    } finally {
      for (const worker of workers) worker.stop();
    }
  }
  return best;
}

async function measureInTurn(workers, keys, best) {
  const turns = keys.flatMap((key) =>
    workers.filter((worker) => worker.keys.includes(key)).map((worker) => ({ worker, key })),
  );
  for (const { key, worker } of turns) await worker.ask('calibrate', key);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { key, worker } of turns) {
      const { nanos } = await worker.ask('slice', key);
      const figures = best[worker.subject];
      figures[key] = Math.min(figures[key] ?? Infinity, nanos);
    }
  }
}

async function startWorker(binary, setup, subject) {
  const child = fork(PROGRAM, [subject, setup], {
    execPath: binary,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));
  const answer = () =>
    new Promise((resolve, reject) => {
      const onExit = (code, signal) => {
        reject(new Error(`${subject} (${setup}) ended with ${code ?? signal}\n${complaint}`));
      };
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  const { keys } = await answer();
  return {
    subject,
    keys,
    ask(ask, key) {
      const answered = answer();
      child.send({ ask, key });
      return answered;
    },
    stop: () => child.disconnect(),
  };
}
