import { type DiagLogger, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { formatLine, type Inspection } from '../requests/line.ts';

/** Whose lines are noted beside the spans of the request that they belong to. */
export interface LogSources {
  /** `console.debug`, `log`, `info`, `warn`, `error` and `trace`. */
  readonly console?: boolean;
  /** What libraries say through the OpenTelemetry api's `diag`, if they say it in a request. */
  readonly diag?: boolean;
}

/** The event of a span that is a line of a log, and its attributes. Severities are those of OpenTelemetry's logs. */
export const LOG_EVENT = 'log';
export const LOG_SEVERITY = 'log.severity';
export const LOG_MESSAGE = 'log.message';

/** OpenTracing's shim and others have events of that name that are none of these. */
export function isLogLine(name: string, attributes: Readonly<Record<string, unknown>>): boolean {
  return name === LOG_EVENT && attributes[LOG_MESSAGE] !== undefined;
}

const CONSOLE = { debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', trace: 'TRACE' };
const DIAG = { verbose: 'TRACE', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' };

/**
 * Notes the lines that are logged while a span is active as events `log` of that span, so that a request's page shows
 * them beside its spans. They are written as before, wherever that is; a line outside of every span is only written.
 *
 * Events are part of the span: where spans are exported, the lines leave with them. A line is cut at 1,000 characters,
 * and the limits of a span's events hold. The text is made at once, as the console makes it, but for objects' own
 * `inspect`, which is not called a second time.
 *
 * @returns the undo
 */
export function captureLogLines(sources: LogSources): () => void {
  const undo: (() => void)[] = [];
  if (sources.console) undo.push(captureConsole());
  if (sources.diag) undo.push(captureDiag());
  return () => {
    for (const restore of undo.splice(0).reverse()) restore();
  };
}

function captureConsole(): () => void {
  let on = true;
  const restore = Object.entries(CONSOLE).map(([method, severity]) => {
    const target = console as unknown as Record<string, unknown>;
    const original = target[method];
    if (typeof original !== 'function') return () => {};
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      if (on) note(severity, args);
      return Reflect.apply(original, this, args);
    };
    Object.defineProperty(wrapper, 'name', { value: original.name });
    target[method] = wrapper;
    return () => {
      // Whoever has wrapped it since still calls it: then it only hands on.
      if (target[method] === wrapper) target[method] = original;
    };
  });
  return () => {
    on = false;
    for (const each of restore) each();
  };
}

/** Where the api 1.x keeps its logger: there is no public way to ask for it. */
const API = Symbol.for('opentelemetry.js.api.1');
const registeredLogger = (): DiagLogger | undefined =>
  (globalThis as { [API]?: { diag?: DiagLogger } })[API]?.diag;

/** Stands before the logger that is there, if there is one: that has a level of its own, and hears what it heard before. */
function captureDiag(): () => void {
  let on = true;
  const before = registeredLogger();
  const tee = Object.fromEntries(
    Object.entries(DIAG).map(([method, severity]) => [
      method,
      (...args: unknown[]) => {
        if (on) note(severity, args);
        before?.[method as keyof DiagLogger](...(args as [string]));
      },
    ]),
  );
  diag.setLogger(tee as unknown as DiagLogger, { suppressOverrideMessage: true, logLevel: DiagLogLevel.ALL });
  const ours = registeredLogger();
  return () => {
    on = false;
    // Whoever was set since may hand on to it: then it only hands on.
    if (registeredLogger() !== ours) return;
    if (before === undefined) diag.disable();
    else diag.setLogger(before, { suppressOverrideMessage: true, logLevel: DiagLogLevel.ALL });
  };
}

/** The console asks objects for their own `inspect`; being asked twice could be seen. */
const quiet: Inspection = { customInspect: false, showProxy: true };

/** Making the text may call into objects that log in their turn. */
let noting = false;

function note(severity: string, [format, ...args]: unknown[]): void {
  if (noting) return;
  noting = true;
  try {
    const span = trace.getActiveSpan();
    if (span?.isRecording()) {
      span.addEvent(LOG_EVENT, { [LOG_SEVERITY]: severity, [LOG_MESSAGE]: formatLine(format, args, quiet) });
    }
  } catch {
    // A line that can't be noted is written all the same.
  } finally {
    noting = false;
  }
}
