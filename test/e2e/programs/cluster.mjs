// Two workers that share a port, as node:cluster has them; each answers who it is. A worker that is told to leave is replaced.
import cluster from 'node:cluster';
import { createServer } from 'node:http';

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  cluster.on('exit', (worker, code, signal) => {
    console.log(`worker ${worker.id} ended by ${signal ?? code}`);
    cluster.fork();
  });
} else {
  const server = createServer((_request, response) => response.end(`${process.pid}`));
  server.listen(0, () =>
    console.log(`worker ${cluster.worker.id} (${process.pid}) is listening on ${server.address().port}`),
  );
}
