// OpenTelemetry's SDK with HTTP as a program sets it up, of the packages that the example has; OTLP if there is an endpoint.
const { createRequire } = require('node:module');
const { join } = require('node:path');

const example = createRequire(join(__dirname, '../../../examples/plain-opentelemetry/package.json'));
const { registerInstrumentations } = example('@opentelemetry/instrumentation');
const { HttpInstrumentation } = example('@opentelemetry/instrumentation-http');
const { BatchSpanProcessor, NodeTracerProvider } = example('@opentelemetry/sdk-trace-node');

const spanProcessors = [];
if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT) {
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
  spanProcessors.push(new BatchSpanProcessor(new OTLPTraceExporter()));
}
new NodeTracerProvider({ spanProcessors }).register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
