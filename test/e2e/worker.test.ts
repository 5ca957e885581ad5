import { expect, it } from 'vitest';
import { Program } from '../support/program.ts';

it('a trace goes on in a worker thread that was handed its headers', async () => {
  const program = new Program(['e2e/programs/worker.mjs']);
  expect(await program.ended).toBe(0);
  const { main, worker } = JSON.parse(program.stdout);
  expect(main.user).toBe('Zoë');
  expect(worker).toMatchObject({ traceId: main.traceId, parentSpanId: main.spanId, user: 'Zoë' });
});
