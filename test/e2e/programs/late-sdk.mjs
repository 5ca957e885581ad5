// Sets up an SDK of its own, which is usual in programs that knew no Sonde, and goes on.
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

for (let i = 0; i < 2; i++) trace.setGlobalTracerProvider(new BasicTracerProvider());
console.log('the program goes on');
