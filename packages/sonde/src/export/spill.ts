import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { type ReadableSpan, suppressTracing } from '@sonde/core';
import { describe } from './attempt.ts';
import { readOutcome } from './outcome.ts';
import type { ExportResult } from './span-exporter.ts';
import { SpillFile } from './spill-file.ts';

/** Writes spans as the body of a request, as JSON in one line, and sends such a body. */
export interface Office {
  serialize(spans: readonly ReadableSpan[]): Promise<Uint8Array>;
  sendBody(body: Uint8Array): Promise<ExportResult>;
}

/** What became of the spans in the file. */
export interface SpillFacts {
  readonly spilled: number;
  /** Of this process or another. */
  readonly recovered: number;
}

/**
 * Batches that the queue has no room for while their collector stays away, in a file: a line each, as OpenTelemetry's file
 * exporter writes them. When something arrives again they are sent, one at a time; what another process has left there, too.
 *
 * Source: OpenTelemetry specification, "OTLP File Exporter".
 */
export class Spill {
  /** Spans that were sent from the file, and refused for good. */
  undelivered = 0;
  private readonly path: string;
  private readonly file: SpillFile;
  private readonly loadOffice: () => Promise<Office>;
  private readonly say: (sentence: string) => void;
  private office: Promise<Office> | undefined;
  private opened: Promise<boolean> | undefined;
  /** Whether the file can be written. */
  private usable = true;
  private recovering: Promise<void> | undefined;
  private spilled = 0;
  private recovered = 0;

  /** @param say told once why there is no file, or no more */
  constructor(
    path: string,
    maxBytes: number,
    loadOffice: () => Promise<Office>,
    say: (sentence: string) => void,
  ) {
    this.path = path;
    this.file = new SpillFile(path, maxBytes);
    this.loadOffice = loadOffice;
    this.say = say;
  }

  /** Whether they are in the file. Never rejects. */
  async put(spans: readonly ReadableSpan[]): Promise<boolean> {
    if (!this.usable || !(await this.isOpen())) return false;
    try {
      const isIn = await this.file.append(await (await this.theOffice()).serialize(spans));
      if (isIn) this.spilled += spans.length;
      return isIn;
    } catch (error) {
      this.giveUp(error);
      return false;
    }
  }

  /** Something has arrived: sends what is in the file, for as long as it arrives, too. Never rejects. */
  recover(): Promise<void> {
    this.recovering ??= this.sendLines().finally(() => {
      this.recovering = undefined;
    });
    return this.recovering;
  }

  tell(): SpillFacts {
    return { spilled: this.spilled, recovered: this.recovered };
  }

  async close(): Promise<void> {
    await this.file.close().catch(() => {});
  }

  private theOffice(): Promise<Office> {
    this.office ??= this.loadOffice();
    return this.office;
  }

  private async sendLines(): Promise<void> {
    if (!(await this.isOpen())) return;
    try {
      for (let line = await this.file.first(); line !== undefined; line = await this.file.first()) {
        if (!(await this.isThrough(line))) return;
        await this.file.finish(line);
      }
    } catch (error) {
      this.giveUp(error);
    }
  }

  private isOpen(): Promise<boolean> {
    this.opened ??= this.file.open().then(
      (isOurs) => {
        if (!isOurs) this.giveUp(new Error('another process has it'));
        return isOurs;
      },
      (error) => {
        this.giveUp(error);
        return false;
      },
    );
    return this.opened;
  }

  /** Whether it was delivered, or never will be. */
  private async isThrough(line: Buffer): Promise<boolean> {
    const spans = spansIn(line);
    if (spans === 0) return true;
    const office = await this.theOffice();
    const result = await context.with(suppressTracing(ROOT_CONTEXT), () => office.sendBody(line));
    const { kind } = readOutcome(result);
    if (kind === 'delivered') this.recovered += spans;
    if (kind === 'lost') this.undelivered += spans;
    return kind !== 'later';
  }

  private giveUp(error: unknown): void {
    if (!this.usable) return;
    this.usable = false;
    const reason = (error as NodeJS.ErrnoException | null)?.code ?? describe(error);
    this.say(
      `SONDE_SPILL_FILE is "${this.path}", which cannot be used (${reason}); the program goes on without it`,
    );
  }
}

/** A line that is nothing of ours has none. */
function spansIn(line: Buffer): number {
  try {
    const { resourceSpans } = JSON.parse(line.toString());
    let spans = 0;
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans += scope.spans.length;
    return spans;
  } catch {
    return 0;
  }
}
