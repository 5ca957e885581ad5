import type { Profiler, Session } from 'node:inspector';
import { DiagnosticError } from './diagnostic-error.ts';
import type { V8HeapProfile } from './heap-sampler.ts';

/**
 * A session with the inspector of this very isolate; no port is opened. What it began ends with it, and what other
 * sessions began goes on, but for the heap's sampler, of which V8 has one: see {@link HeapSampler}.
 */
export class Inspector {
  private readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  /** @throws {DiagnosticError} `unavailable` where the permission model, or a build without inspector, forbids it */
  static async open(): Promise<Inspector> {
    try {
      // Loaded when it is needed: a program that nobody asks for a profile pays nothing.
      const { Session } = await import('node:inspector');
      const session = new Session();
      session.connect();
      return new Inspector(session);
    } catch (error) {
      throw new DiagnosticError('unavailable', whyNot(error));
    }
  }

  post(method: 'Profiler.stop'): Promise<Profiler.StopReturnType>;
  post(method: 'HeapProfiler.getSamplingProfile'): Promise<{ profile: V8HeapProfile }>;
  post(method: string, parameters?: object): Promise<unknown>;
  post(method: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.session.post(method, parameters, (error, result) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
  }

  close(): void {
    this.session.disconnect();
  }
}

function whyNot(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED') {
    return 'profiles need the inspector, which the permission model forbids this process; start it with --allow-inspector, where Node has that, or without --permission';
  }
  return `profiles need the inspector, which this process has not: ${(error as Error).message}`;
}
