// What a request costs a server: processor time of the server's process, by the requests of a slice. All servers live at
// once and are asked in turn; the cheapest slice of each counts. The client's process is not measured, and is faster.
import { startProcess } from './processes.mjs';

const ROUNDS = 25;
/** The same code is not compiled to the same each time: two groups of processes, one after the other. */
const LAUNCHES = 2;
const REQUESTS = 2_000;
/** Until the compiler is done. */
const WARM_UP_REQUESTS = 20_000;

/** @returns {Promise<Record<string, number>>} microseconds of a request, by subject */
export async function measureServers(binary, subjects) {
  const best = Object.fromEntries(subjects.map((subject) => [subject, Infinity]));
  for (let launch = 0; launch < LAUNCHES; launch++) {
    const servers = [];
    const load = await startProcess(process.execPath, 'load');
    try {
      for (const subject of subjects) {
        servers.push({ subject, ...(await startProcess(binary, 'server', [subject])) });
      }
      for (const { ask, hello, subject } of servers) {
        await load.ask({ port: hello.port, requests: WARM_UP_REQUESTS });
        // Who records nothing is fast.
        if ((await ask('kept')).kept === 0) throw new Error(`${subject} kept no span`);
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const { ask, hello, subject } of servers) {
          const before = await ask('micros');
          await load.ask({ port: hello.port, requests: REQUESTS });
          const after = await ask('micros');
          best[subject] = Math.min(best[subject], (after.micros - before.micros) / REQUESTS);
        }
      }
    } finally {
      for (const { stop } of [load, ...servers]) stop();
    }
  }
  return best;
}
