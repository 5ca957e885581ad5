// Starts and stops in code, and tells what is left in the process.
import { channel } from 'node:diagnostics_channel';
import net from 'node:net';
import { diag, trace } from '@opentelemetry/api';
import { withSpan } from '@sonde/core';
import { start } from 'sonde';

const state = () => ({
  emit: Object.hasOwn(net.Server.prototype, 'emit'),
  channels: ['http.server.request.start', 'undici:request:create'].filter(
    (name) => channel(name).hasSubscribers,
  ),
  recording: withSpan('probe', (span) => span.isRecording()),
  signals: process.listenerCount('SIGTERM'),
  diag: diag.error === error,
  timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
});

const { error } = diag;
const before = state();
const first = start({ serviceName: 'lifecycle' });
const same = start() === first;
const during = state();
await first.shutdown();
const after = state();
const second = start();
const again = state();
await second.shutdown();
trace.disable();
console.log(JSON.stringify({ before, same, during, after, another: second !== first, again }));
