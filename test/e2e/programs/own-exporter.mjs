// Started in code, with an exporter of its own that takes its time and prints. Makes a span, and stays if told so.
import { withSpan } from '@sonde/core';
import { ExportProcessor, start } from 'sonde';

const exporter = {
  export(spans, done) {
    setTimeout(() => {
      for (const { name } of spans) console.log(`exported ${name}`);
      done({ code: 0 });
    }, 50).unref();
  },
  shutdown: async () => {},
};
start({ spanProcessors: [new ExportProcessor(exporter, { scheduledDelayMillis: 600_000 })] });
withSpan('the only one', () => {});
if (process.argv[2] === 'stay') {
  setInterval(() => {}, 1_000);
  console.log('running');
}
