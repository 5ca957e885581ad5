/**
 * `node --import sonde/register app.js` (or `--require`): starts Sonde with the configuration of the environment,
 * before the application's first line.
 *
 * @module
 */
import { start } from './start.ts';

start();
