/**
 * Go's diagnostics page for Node.js. Without a line of code:
 *
 * ```sh
 * node --import sonde/register app.js    # then open http://localhost:<the app's port>/debug/requests
 * ```
 *
 * or in code, before the application serves requests:
 *
 * ```js
 * import { start } from 'sonde';
 *
 * const sonde = start({ serviceName: 'orders' });
 * process.once('SIGTERM', async () => {
 *   await sonde.shutdown();
 *   process.exit();
 * });
 * ```
 *
 * It puts the other packages together: spans (`@sonde/core`), context (`@sonde/context`), HTTP (`@sonde/http`),
 * the pages (`@sonde/debug`), and OTLP export by OpenTelemetry's exporter. Importing this module does nothing;
 * importing `sonde/register` starts.
 *
 * @module
 */
export type { StartOptions } from './configuration.ts';
export type { ExportProcessorOptions } from './export/export-options.ts';
export { ExportProcessor } from './export/export-processor.ts';
export type { ExportResult, SpanExporter } from './export/span-exporter.ts';
export type { Sonde } from './sonde.ts';
export { start } from './start.ts';
