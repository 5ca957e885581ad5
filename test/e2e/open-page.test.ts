import { once } from 'node:events';
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

/** A program whose page is open, and kept up to date. */
async function openPage() {
  const program = new Program(['e2e/programs/open-page.mjs']);
  undo.push(() => program.kill());
  const [, port] = await program.prints(/listening on (\d+)/);
  const at = (path: string, headers = {}) => ({ port, path, headers, agent: false as const });
  const request = http.get(at('/debug/requests', { accept: 'text/event-stream' }));
  request.on('error', () => {});
  undo.push(() => request.destroy());
  const [updates] = (await once(request, 'response')) as [http.IncomingMessage];
  updates.on('error', () => {});
  const ended = new Promise((resolve) => updates.once('close', resolve));
  await once(updates, 'data');
  return {
    program,
    ended,
    async ask(path: string): Promise<number | undefined> {
      const [response] = (await once(http.get(at(path)), 'response')) as [http.IncomingMessage];
      await once(response.resume(), 'end');
      return response.statusCode;
    },
  };
}

describe('a program whose page is open', () => {
  it('ends when it has nothing else to do', async () => {
    const { ask, program } = await openPage();
    await ask('/unref');
    expect(await program.ended).toBe(0);
  });

  it('closes its server, and ends', async () => {
    const { ask, ended, program } = await openPage();
    await ask('/close');
    await program.prints(/closed/);
    await ended;
    expect(await program.ended).toBe(0);
  });

  it('goes on without it once Sonde is shut down', async () => {
    const { ask, ended } = await openPage();
    await ask('/shutdown');
    await ended;
    expect(await ask('/debug/requests')).toBe(200);
  });
});
