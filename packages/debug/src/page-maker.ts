/**
 * What makes pages: most of the code of this package, 15 ms to load. So that no program pays for it at its start, it is
 * loaded when somebody who may look opens a page.
 *
 * @module
 */
export { runtimeBetween } from '@sonde/runtime';
export { livePage } from './live/live-page.ts';
export { act } from './routes/act.ts';
export { hearElsewhere } from './routes/hear-elsewhere.ts';
export { respond } from './routes/respond.ts';
export { readSelf } from './self/read-self.ts';
