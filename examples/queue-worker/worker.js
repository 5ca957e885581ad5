// Writes the letters, each in the trace of the request that wanted it.
import { setTimeout as sleep } from 'node:timers/promises';
import { withSpan } from '@sonde/core';
import { Queue } from './queue.js';

const emails = new Queue('emails', process.env.QUEUE_DIRECTORY ?? 'queue');

console.log('working');
await emails.process(async ({ to, subject }) => {
  const letter = withSpan('write letter', () => `Dear ${to},\n${subject}!\n`);
  await withSpan('deliver', { attributes: { 'letter.bytes': Buffer.byteLength(letter) } }, async () => {
    await sleep(20);
    if (!to.includes('@')) throw new Error(`${to} is no address`);
  });
  console.log(`a letter to ${to} is delivered`);
});
