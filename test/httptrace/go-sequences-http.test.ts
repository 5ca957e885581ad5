import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { withClientTrace } from '@sonde/httptrace';
import { describe, expect, it } from 'vitest';
import { expectSequence, type SequenceName, sequences } from './go-sequences.ts';
import { Recorder } from './recorder.ts';
import { portOf } from './servers.ts';

/** A title for each case of Go's recording. */
const as = (name: SequenceName): string => `${name}: ${sequences[name].title}`;

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function failing(url: string): Promise<Recorder> {
  const recorder = new Recorder();
  await expect(withClientTrace(recorder.trace, () => once(http.get(url), 'response'))).rejects.toThrow();
  await recorder.over;
  return recorder;
}

describe('node:http calls the hooks as Go does', () => {
  it(as('X1'), async () => {
    expectSequence(await failing(`http://127.0.0.1:${await freePort()}/`), 'X1');
  });

  it(as('X3'), async () => {
    expectSequence(await failing('http://nobody.invalid/'), 'X3');
  });
});
