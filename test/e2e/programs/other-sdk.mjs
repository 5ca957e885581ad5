// Somebody else was first.
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

trace.setGlobalTracerProvider(new BasicTracerProvider());
const { start } = await import('sonde');
await start().shutdown();
console.log('the program goes on');
