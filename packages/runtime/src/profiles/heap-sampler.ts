import type { Runtime } from 'node:inspector';
import { DiagnosticError } from './diagnostic-error.ts';
import { Inspector } from './inspector.ts';

/** Bytes between two samples, on the average. Source: Go, `runtime.MemProfileRate`. */
export const DEFAULT_MEM_PROFILE_RATE: number = 512 * 1024;

export interface HeapSampling {
  /** What the garbage collector took is counted, too. V8 keeps every sample then, until the end. */
  readonly collected: boolean;
  readonly rate: number;
}

/** V8's profile of the heap: more than what Node 20's types know of it. */
export interface V8HeapProfile {
  readonly head: V8HeapNode;
  readonly samples: readonly { readonly size: number; readonly nodeId: number }[];
}

export interface V8HeapNode {
  readonly id: number;
  readonly callFrame: Runtime.CallFrame;
  /** Bytes, scaled up from the samples. */
  readonly selfSize: number;
  readonly children: readonly V8HeapNode[];
}

/**
 * V8's sampler of allocations. An isolate has one, and V8 tells nobody that it runs already: whoever starts it again gets
 * the same, and whoever stops it stops it for all. So one that others began is read and never stopped.
 */
export class HeapSampler {
  private readonly inspector: Inspector;
  /** Undefined when others began it. */
  readonly own: HeapSampling | undefined;

  private constructor(inspector: Inspector, own: HeapSampling | undefined) {
    this.inspector = inspector;
    this.own = own;
  }

  /** Starts the sampler, or reads the one that somebody else started. */
  static async begin(sampling: HeapSampling): Promise<HeapSampler> {
    const inspector = await Inspector.open();
    try {
      if (await isSampling(inspector)) return new HeapSampler(inspector, undefined);
      await inspector.post('HeapProfiler.startSampling', {
        samplingInterval: sampling.rate,
        includeObjectsCollectedByMajorGC: sampling.collected,
        includeObjectsCollectedByMinorGC: sampling.collected,
      });
      return new HeapSampler(inspector, sampling);
    } catch (error) {
      inspector.close();
      throw error;
    }
  }

  /** What was sampled since it began. */
  async read(collectGarbage: boolean): Promise<V8HeapProfile> {
    if (collectGarbage) await this.inspector.post('HeapProfiler.collectGarbage');
    try {
      return (await this.inspector.post('HeapProfiler.getSamplingProfile')).profile;
    } catch {
      throw new DiagnosticError('busy', "the heap's sampler was stopped by somebody else; ask again");
    }
  }

  /** Ends the session, and the sampler with it if this one began it. */
  end(): void {
    this.inspector.close();
  }
}

async function isSampling(inspector: Inspector): Promise<boolean> {
  return inspector.post('HeapProfiler.getSamplingProfile').then(
    () => true,
    () => false,
  );
}
