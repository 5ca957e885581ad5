// What stands behind /debug/requests.
import { RequestStore, RequestsProcessor } from '@sonde/debug';
import { requestWorks } from '../requests.mjs';

export const start = async (setup) => requestWorks(setup, new RequestsProcessor(new RequestStore()));
