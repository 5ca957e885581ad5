// A server as `start()` leaves it, in a process of its own: every tenth request takes 60 ms, every fiftieth fails. Asked by
// its parent, it answers what it has used of the processor, in microseconds, and how many requests it has answered.
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import { start } from 'sonde';

start({ serviceName: 'bench' });

let answered = 0;
const server = createServer((_request, response) => {
  answered++;
  if (answered % 50 === 0) response.statusCode = 500;
  if (answered % 10 === 0) setTimeout(() => response.end('ok'), 60);
  else response.end('ok');
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('disconnect', () => process.exit());
/** What keeps a page up to date is below one of these. */
const UPDATES = new Set(['updates', 'chunksOf', 'pour', 'timed', 'render', 'respond']);

/** Which part of the samples in which something ran was for open pages. */
function shareOfUpdates({ nodes, samples, timeDeltas }) {
  const parents = new Map(nodes.flatMap(({ children = [], id }) => children.map((child) => [child, id])));
  const names = new Map(nodes.map(({ callFrame, id }) => [id, callFrame.functionName]));
  const isUpdate = (id) => id !== undefined && (UPDATES.has(names.get(id)) || isUpdate(parents.get(id)));
  let [all, updates] = [0, 0];
  for (const [i, id] of samples.entries()) {
    if (['(idle)', '(program)', '(root)'].includes(names.get(id))) continue;
    all += timeDeltas[i];
    if (isUpdate(id)) updates += timeDeltas[i];
  }
  return updates / all;
}

const session = new Session();
session.connect();

process.on('message', async (question) => {
  if (question === 'profile') {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    process.send({});
    return;
  }
  if (question === 'profiled') {
    const { profile } = await session.post('Profiler.stop');
    process.send({ share: shareOfUpdates(profile) });
    return;
  }
  const { system, user } = process.cpuUsage();
  process.send({ micros: system + user, answered });
});
