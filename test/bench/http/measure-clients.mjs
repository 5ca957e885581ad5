// What a request costs a client: processor time of the client's process, by the requests of a slice. All clients live at
// once and ask in turn; the cheapest slice of each counts. The server's process is not measured, and is faster.
import { startProcess } from './processes.mjs';

const ROUNDS = 25;
/** The same code is not compiled to the same each time: two groups of processes, one after the other. */
const LAUNCHES = 2;
const REQUESTS = 500;
/** Until the compiler is done. */
const WARM_UP_REQUESTS = 5_000;

/** @returns {Promise<Record<string, Record<string, number>>>} microseconds of a request, by client and subject */
export async function measureClients(binary, subjects, clients = ['http', 'fetch']) {
  const best = Object.fromEntries(
    clients.map((by) => [by, Object.fromEntries(subjects.map((subject) => [subject, Infinity]))]),
  );
  for (let launch = 0; launch < LAUNCHES; launch++) {
    const askers = [];
    const server = await startProcess(process.execPath, 'echo');
    const { port } = server.hello;
    try {
      for (const subject of subjects)
        askers.push({ subject, ...(await startProcess(binary, 'client', [subject])) });
      for (const by of clients) {
        for (const { ask, subject } of askers) {
          const { kept } = await ask({ by, port, requests: WARM_UP_REQUESTS });
          // Who records nothing is fast.
          if (kept === 0) throw new Error(`${subject} kept no span of ${by}`);
        }
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const by of clients) {
          for (const { ask, subject } of askers) {
            const { micros } = await ask({ by, port, requests: REQUESTS });
            best[by][subject] = Math.min(best[by][subject], micros / REQUESTS);
          }
        }
      }
    } finally {
      for (const { stop } of [server, ...askers]) stop();
    }
  }
  return best;
}
