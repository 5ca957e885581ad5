import { expect, it } from 'vitest';
import { portOfProcess } from './pages-port.ts';

it.each([
  ['a process that is no worker', 9090, undefined, 9090],
  ['the first worker', 9090, 1, 9091],
  ['a worker, of any port', 0, 7, 0],
  ['the last worker for whom there is a port', 65_000, 535, 65_535],
  ['the first for whom there is none', 65_000, 536, 0],
])('the port of %s', (_name, port, workerId, own) => {
  expect(portOfProcess(port, workerId)).toBe(own);
});
