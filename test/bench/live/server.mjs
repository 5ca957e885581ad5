// A server as `start()` leaves it, in a process of its own: every tenth request takes 60 ms, every fiftieth fails. Asked by
// its parent, it answers what it has used of the processor, in microseconds, and how many requests it has answered.
import { createServer } from 'node:http';
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
process.on('message', () => {
  const { system, user } = process.cpuUsage();
  process.send({ micros: system + user, answered });
});
