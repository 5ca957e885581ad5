// Makes spans at a pace, whatever becomes of them, and exports them by one of the subjects. Prints nothing: tells its parent
// what it cost.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { TracerProvider } from '@sonde/core';
import { ExportProcessor } from 'sonde';

const { burst, perSecond, seconds, subject, url, warmUpSeconds } = JSON.parse(process.argv[2]);

const make = {
  none: () => [],
  BatchSpanProcessor: () => [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  ExportProcessor: () => [
    new ExportProcessor(new OTLPTraceExporter({ url }), { concurrency: 8, say: () => {} }),
  ],
};
const processors = make[subject]();
// Without a processor nothing would be recorded: here, it is and is let go.
const deaf = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
const provider = new TracerProvider({ spanProcessors: processors.length > 0 ? processors : [deaf] });
const tracer = provider.getTracer('bench');
let made = 0;

function span() {
  made++;
  tracer
    .startSpan(
      'GET /orders/:id',
      {
        attributes: {
          'http.request.method': 'GET',
          'http.route': '/orders/:id',
          'url.path': '/orders/4711',
          'http.response.status_code': 200,
          'user.id': made,
        },
      },
      ROOT_CONTEXT,
    )
    .end();
}

function generate(forSeconds) {
  const from = performance.now();
  let here = 0;
  return new Promise((resolve) => {
    const tick = () => {
      const elapsed = (performance.now() - from) / 1000;
      for (const due = Math.min(elapsed, forSeconds) * perSecond; here < due; here++) span();
      if (elapsed >= forSeconds) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
}

if (warmUpSeconds > 0) await generate(warmUpSeconds);
const delay = monitorEventLoopDelay({ resolution: 1 });
const began = { made, cpu: process.cpuUsage() };
delay.enable();
for (let i = 0; i < burst; i++) span();
if (seconds > 0) await generate(seconds);
delay.disable();
const { system, user } = process.cpuUsage(began.cpu);
const figures = {
  cpuMicros: (system + user) / (made - began.made),
  delayMillis: delay.percentile(99) / 1e6,
  rssMegabytes: process.memoryUsage.rss() / 1e6,
};
process.send({ generated: true });
await new Promise((resolve) => process.once('message', resolve));
await provider.forceFlush();
await provider.shutdown();
process.send({ ...figures, made });
process.disconnect();
