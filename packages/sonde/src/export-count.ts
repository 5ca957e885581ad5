import type { ExportFacts } from '@sonde/debug';

/** What became of the spans that were to be exported, for the page on Sonde itself. */
export class ExportCount {
  private queued = 0;
  private inFlight = 0;
  private exported = 0;
  private overflowed = 0;
  private undelivered = 0;
  private lastExport: number | undefined;
  private lastError: { reason: string; at: number } | undefined;
  private readonly url: URL;
  private readonly maxQueued: number;

  constructor(url: URL, maxQueued: number) {
    this.url = url;
    this.maxQueued = maxQueued;
  }

  /** A sampled span has ended. OpenTelemetry's batch processor tells nobody what it holds; it drops at the same mark. */
  ended(): void {
    if (this.queued < this.maxQueued) this.queued++;
    else this.overflowed++;
  }

  handedOver(spans: number): void {
    this.queued = Math.max(0, this.queued - spans);
    this.inFlight += spans;
  }

  delivered(spans: number): void {
    this.inFlight -= spans;
    this.exported += spans;
    this.lastExport = Date.now();
  }

  lost(spans: number): void {
    this.inFlight -= spans;
    this.undelivered += spans;
  }

  failed(reason: string): void {
    this.lastError = { reason, at: Date.now() };
  }

  tell(): ExportFacts {
    const { exported, inFlight, lastError, lastExport, maxQueued, queued, url } = this;
    return {
      endpoint: `${url.origin}${url.pathname}`,
      queued,
      maxQueued,
      inFlight,
      exported,
      dropped: [
        { cause: 'the queue was full', spans: this.overflowed },
        { cause: 'they could not be delivered', spans: this.undelivered },
      ],
      ...(lastExport === undefined ? {} : { lastExport }),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }
}
