// Makes one more span when it has nothing left to do, after a while and only once.
import { withSpan } from '@sonde/core';

withSpan('first', () => {});
process.once('beforeExit', () => setTimeout(() => withSpan('last', () => {}), 50));
