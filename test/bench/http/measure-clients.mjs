// What a request costs a client: processor time of the client's process, by the requests of a slice. All clients live at
// once and ask in turn; the cheapest slice of each counts. The server's process is not measured, and is faster.
import { MODES } from './clients.mjs';
import { startProcess } from './processes.mjs';

const ROUNDS = 25;
/** The same code is not compiled to the same each time: two groups of processes, one after the other. */
const LAUNCHES = 2;
const REQUESTS = 500;
/** Until the compiler is done. */
const WARM_UP_REQUESTS = 5_000;

const WAYS = ['http', 'fetch'];

/**
 * @returns {Promise<Record<string, Record<string, number>>>} microseconds of a request, by client and by subject, that
 *   of hooks told apart by its modes: they are asked for in one process, so that they run the same code
 */
export async function measureClients(binary, subjects) {
  const best = Object.fromEntries(WAYS.map((by) => [by, {}]));
  for (let launch = 0; launch < LAUNCHES; launch++) {
    const askers = [];
    const server = await startProcess(process.execPath, 'echo');
    const { port } = server.hello;
    try {
      for (const subject of subjects) {
        askers.push({ subject, ...(await startProcess(binary, 'client', [subject])) });
      }
      const turns = askers.flatMap(({ ask, subject }) =>
        (subject === 'hooks' ? Object.keys(MODES) : [undefined]).map((mode) => ({ ask, mode, subject })),
      );
      for (const by of WAYS) {
        for (const { ask, mode, subject } of turns) {
          const { kept } = await ask({ by, mode, port, requests: WARM_UP_REQUESTS });
          // Who records nothing is fast.
          if (kept === 0) throw new Error(`${subject} kept no span of ${by}`);
        }
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const by of WAYS) {
          for (const { ask, mode, subject } of turns) {
            const { micros } = await ask({ by, mode, port, requests: REQUESTS });
            const figures = best[by];
            const key = mode ?? subject;
            figures[key] = Math.min(figures[key] ?? Infinity, micros / REQUESTS);
          }
        }
      }
    } finally {
      for (const { stop } of [server, ...askers]) stop();
    }
  }
  return best;
}
