import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { runtime } from './program.ts';

const DONE = 'this-line-is-done';

/** A shell, in which `node` is the version of the test: for what a person types. */
export class Terminal {
  stdout = '';
  stderr = '';
  private readonly shell: ChildProcess;
  private waiting: (() => void)[] = [];

  constructor(cwd: string, env: Record<string, string> = {}) {
    const { NODE_OPTIONS: _, NODE_ENV: __, FORCE_COLOR: ___, PATH, ...inherited } = process.env;
    this.shell = spawn('sh', [], {
      cwd,
      env: {
        ...inherited,
        PATH: `${dirname(process.execPath)}:${PATH}`,
        XDG_RUNTIME_DIR: runtime,
        ...env,
      },
      // A group of its own: what is started here ends with it.
      detached: true,
    });
    this.shell.stdout?.on('data', (chunk) => this.heard(() => (this.stdout += chunk)));
    this.shell.stderr?.on('data', (chunk) => this.heard(() => (this.stderr += chunk)));
    this.shell.once('close', () => this.heard(() => {}));
  }

  /** Types a line that takes until Ctrl-C. */
  type(line: string): void {
    this.shell.stdin?.write(`${line}\n`);
  }

  /** Types a line; answers what it printed on stdout. */
  async run(line: string): Promise<string> {
    const from = this.stdout.length;
    this.type(line);
    this.type(`echo ${DONE}`);
    await this.until(() => this.stdout.indexOf(DONE, from) >= 0);
    return this.stdout.slice(from, this.stdout.indexOf(DONE, from));
  }

  /** The match of `pattern` in what was printed, as soon as there is one. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null;
    await this.until(() => {
      match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      return match !== null;
    });
    return match as unknown as RegExpExecArray;
  }

  close(): void {
    try {
      process.kill(-(this.shell.pid as number), 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.shell.exitCode !== null || this.shell.signalCode !== null) {
        throw new Error(`the shell ended:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private heard(note: () => void): void {
    note();
    for (const check of this.waiting.splice(0)) check();
  }
}
