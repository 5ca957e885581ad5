import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { carrierGetter, carrierSetter } from './carrier.ts';
import { propagatorFromNames } from './propagator-from-names.ts';

beforeEach(() => {
  propagation.setGlobalPropagator(propagatorFromNames(undefined));
});
afterEach(() => propagation.disable());

const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};
const context = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, spanContext),
  propagation.createBaggage({ user: { value: 'Zoë' } }),
);

it('a trace is handed to a worker with its data, and back with a message, as an object or a Map', async () => {
  for (const carrier of [{}, new Map<string, string>()]) {
    propagation.inject(context, carrier, carrierSetter);
    const worker = new Worker(
      'const { parentPort, workerData } = require("node:worker_threads"); parentPort.postMessage(workerData);',
      { eval: true, workerData: carrier },
    );
    const [message] = await once(worker, 'message');
    const extracted = propagation.extract(ROOT_CONTEXT, message, carrierGetter);
    expect(trace.getSpanContext(extracted)).toEqual({ ...spanContext, isRemote: true });
    await worker.terminate();
  }
});
