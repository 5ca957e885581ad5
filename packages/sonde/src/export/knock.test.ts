import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { unreachable } from './knock.ts';

it('a collector that accepts while the program is busy starting is there', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reason = unreachable(new URL(`http://127.0.0.1:${port}`));
  const start = performance.now();
  while (performance.now() - start < 1_200);
  expect(await reason).toBeUndefined();
  server.close();
});

it('a collector that is not there is told by the code of the error', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expect(await unreachable(new URL(`http://127.0.0.1:${port}`))).toBe('ECONNREFUSED');
});
