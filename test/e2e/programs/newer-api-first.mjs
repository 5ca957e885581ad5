// Something has used a copy of the api that is newer than Sonde's, before Sonde starts.
import { createRequire } from 'node:module';
import { start } from 'sonde';

const { diag } = createRequire(new URL('../../interop/otel3/package.json', import.meta.url))(
  '@opentelemetry/api',
);
diag.setLogger({ verbose() {}, debug() {}, info() {}, warn() {}, error() {} });
start();
console.log('the program goes on');
