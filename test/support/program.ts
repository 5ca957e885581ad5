import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder from which programs run: `sonde` and the rest resolve there as in a user's project. */
const here = fileURLToPath(new URL('..', import.meta.url));

/**
 * Where the programs of one test file find each other, and no other process of the machine finds them. Ignored by git; a
 * runner is ended by a signal, so that nobody could take it away again elsewhere.
 */
export const runtime = join(here, '.out/runtime', `${process.pid}`);
mkdirSync(runtime, { recursive: true });

/** A Node process of its own, running what `npm run build` made, under the Node version of the test. */
export class Program {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  /** How it ended: exit code, or the name of the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  private waiting: (() => void)[] = [];

  constructor(args: readonly string[], env: Record<string, string> = {}, cwd: string = here) {
    // Nothing of the test runner's own environment, and no colours, whoever calls.
    const { NODE_OPTIONS: _, NODE_ENV: __, FORCE_COLOR: ___, ...inherited } = process.env;
    this.process = spawn(process.execPath, args, {
      cwd,
      env: { ...inherited, XDG_RUNTIME_DIR: runtime, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk) => this.heard(() => (this.stdout += chunk)));
    this.process.stderr?.on('data', (chunk) => this.heard(() => (this.stderr += chunk)));
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code, signal) => this.heard(() => resolve(signal ?? code ?? -1)));
    });
  }

  /** The match of `pattern` in what was printed, as soon as there is one. Rejects when the program ends before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`the program ended without printing ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.process.kill(signal);
  }

  private heard(note: () => void): void {
    note();
    for (const check of this.waiting.splice(0)) check();
  }
}
