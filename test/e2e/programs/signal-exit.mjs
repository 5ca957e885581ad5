// Cleans up at its end by signal-exit, in the version that is named: it re-raises a signal only when nobody else
// listens for it.
import { withSpan } from '@sonde/core';

const clean = (_code, signal) => console.log(`cleaned up for ${signal}`);
if (process.argv[2] === '3') (await import('signal-exit-3')).default(clean);
else (await import('signal-exit')).onExit(clean);
withSpan('started', () => {});
setInterval(() => {}, 1_000);
console.log('running');
