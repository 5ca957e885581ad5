// A server of one subject, in a process of its own. Asked by its parent, it answers what it has used of the processor, in
// microseconds, or how much it kept of what it traced.
import { RUNTIME, SERVERS } from './subjects.mjs';

const [subject] = process.argv.slice(2);
const { handle, kept } = await { ...SERVERS, ...RUNTIME }[subject].start();

// Loaded after the tracer, as in a program that is started with one.
const { createServer } = process.getBuiltinModule('node:http');

const server = createServer(handle).listen(0, '127.0.0.1', () => {
  process.send({ port: server.address().port });
});
server.keepAliveTimeout = 0;

process.on('disconnect', () => process.exit());
process.on('message', async (question) => {
  if (question === 'kept') return process.send({ kept: await kept() });
  const { system, user } = process.cpuUsage();
  process.send({ micros: system + user });
});
