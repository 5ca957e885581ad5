// Hands its trace to a worker thread, which goes on with it, and prints what both saw.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager, propagatorFromNames } from '@sonde/context';
import { TracerProvider, withSpan } from '@sonde/core';

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(propagatorFromNames('tracecontext,baggage'));
trace.setGlobalTracerProvider(new TracerProvider());

const seen = (span) => ({
  traceId: span.spanContext().traceId,
  parentSpanId: span.parentSpanContext?.spanId,
  spanId: span.spanContext().spanId,
  user: propagation.getActiveBaggage()?.getEntry('user')?.value,
});

if (isMainThread) {
  const baggage = propagation.createBaggage({ user: { value: 'Zoë' } });
  await context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
    withSpan('main', async (span) => {
      const headers = {};
      propagation.inject(context.active(), headers);
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: headers });
      const [inWorker] = await once(worker, 'message');
      console.log(JSON.stringify({ main: seen(span), worker: inWorker }));
    }),
  );
} else {
  context.with(propagation.extract(ROOT_CONTEXT, workerData), () => {
    withSpan('worker', (span) => parentPort.postMessage(seen(span)));
  });
}
