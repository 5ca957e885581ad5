// A program whose api is newer than Sonde's, imported or (`required`) required.
import { createRequire } from 'node:module';

const load = process.argv[2] === 'required' ? createRequire(import.meta.url) : (name) => import(name);
const { trace } = await load('@opentelemetry/api');
console.log(trace.getTracer('x').startSpan('x').isRecording() ? 'recording' : 'the program goes on');
setInterval(() => {}, 1_000);
