import type { ClientTrace, TraceInfo } from '@sonde/httptrace';
import { expect } from 'vitest';

export type HookName = keyof ClientTrace;

/** A record, so that a hook that is missing here is no program. */
const every: Record<HookName, true> = {
  requestStart: true,
  getConn: true,
  getConnFailed: true,
  dnsStart: true,
  dnsDone: true,
  connectStart: true,
  connectDone: true,
  tlsHandshakeStart: true,
  tlsHandshakeDone: true,
  proxyConnectStart: true,
  proxyConnectDone: true,
  gotConn: true,
  putIdleConn: true,
  connClosed: true,
  wroteHeaderField: true,
  wroteHeaders: true,
  wait100Continue: true,
  wroteRequest: true,
  gotFirstResponseByte: true,
  got100Continue: true,
  got1xxResponse: true,
  gotResponseHeaders: true,
  bodyChunk: true,
  requestEnd: true,
};

export const HOOKS = Object.keys(every) as readonly HookName[];

export type Call = TraceInfo & { readonly hook: HookName } & Readonly<Record<string, unknown>>;

/** A trace that writes down every call in the order of the calls, and resolves `over` at the first `requestEnd`. */
export class Recorder {
  readonly calls: Call[] = [];
  readonly trace: ClientTrace;
  readonly over: Promise<void>;

  constructor(hooks: readonly HookName[] = HOOKS) {
    let finish = () => {};
    this.over = new Promise((resolve) => {
      finish = resolve;
    });
    this.trace = Object.fromEntries(
      hooks.map((hook) => [
        hook,
        (info: TraceInfo) => {
          this.calls.push({ ...info, hook } as Call);
          if (hook === 'requestEnd') finish();
        },
      ]),
    );
  }

  get hooks(): HookName[] {
    return this.calls.map(({ hook }) => hook);
  }

  all(hook: HookName): Call[] {
    return this.calls.filter((call) => call.hook === hook);
  }

  /** The one call of this hook. */
  get(hook: HookName): Call {
    const found = this.all(hook);
    expect(found, `calls of ${hook} in ${this.hooks}`).toHaveLength(1);
    return found[0] as Call;
  }

  /** That each of these was called once, at a time not before the one named before it. */
  expectOrder(...hooks: HookName[]): void {
    const times = hooks.map((hook) => this.get(hook).time);
    expect(times, `${hooks} in ${this.hooks}`).toEqual([...times].sort((a, b) => a - b));
  }

  expectNone(...hooks: HookName[]): void {
    expect(this.hooks.filter((hook) => hooks.includes(hook))).toEqual([]);
  }
}
