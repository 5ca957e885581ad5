// Makes a span and stays until it is told to go.
import { withSpan } from '@sonde/core';

if (process.argv[2] === 'graceful') {
  process.once('SIGTERM', () => {
    console.log('closing');
    setTimeout(() => process.exit(7), 1_000);
  });
}
withSpan('started', () => {});
setInterval(() => {}, 1_000);
console.log('running');
