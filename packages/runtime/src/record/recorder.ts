import { channel } from 'node:diagnostics_channel';
import { monotonicMillis } from './clock.ts';
import { GcWatch } from './gc-watch.ts';
import { History } from './history.ts';
import { LoopWatch, PERIOD_MILLIS } from './loop-watch.ts';

/**
 * To wake an idle process fifty times a second took up to 0.8 % of a CPU. One that has nothing to do is looked at twice a
 * second instead, until something happens: a request, or a look that finds the loop busy.
 */
const IDLE_PERIOD_MILLIS = 500;
/** So many looks in a row that find it idle. */
const IDLE_TICKS = 10;
const SAMPLE_MILLIS = 1_000;

/** Published by Node's servers before anybody hears of a request, from when on its time is looked at closely. */
const ARRIVALS = ['http.server.request.start', 'http2.server.stream.start'].map((name) => channel(name));

/** Fake timers of tests replace the global ones; these are Node's. */
const { clearInterval, setInterval } = globalThis;

/** What a process records of its runtime: garbage collections, the event loop, and each second what it holds. */
export class RuntimeRecorder {
  readonly gc: GcWatch = new GcWatch();
  readonly loop: LoopWatch = new LoopWatch();
  readonly history: History = new History();
  private timer: NodeJS.Timeout | undefined;
  private period = PERIOD_MILLIS;
  private idleTicks = 0;
  private sampledAt = 0;
  private startedAt = 0;
  private readonly wake = (): void => {
    if (this.period === PERIOD_MILLIS) return;
    this.loop.tick(this.period);
    this.lookEach(PERIOD_MILLIS);
  };

  start(): void {
    this.gc.start();
    this.loop.begin();
    this.sampledAt = monotonicMillis();
    this.startedAt = this.sampledAt;
    this.lookEach(PERIOD_MILLIS);
    for (const arrivals of ARRIVALS) arrivals.subscribe(this.wake);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.gc.stop();
    for (const arrivals of ARRIVALS) arrivals.unsubscribe(this.wake);
  }

  get ageMillis(): number {
    return monotonicMillis() - this.startedAt;
  }

  /** By a timer that does not keep the process alive. */
  private lookEach(period: number): void {
    clearInterval(this.timer);
    this.period = period;
    this.idleTicks = 0;
    this.timer = setInterval(() => this.tick(), period).unref();
  }

  private tick(): void {
    const idle = this.loop.tick(this.period);
    if (!idle) {
      this.idleTicks = 0;
      if (this.period !== PERIOD_MILLIS) this.lookEach(PERIOD_MILLIS);
    } else if (++this.idleTicks === IDLE_TICKS && this.period === PERIOD_MILLIS) {
      this.lookEach(IDLE_PERIOD_MILLIS);
    }
    const now = monotonicMillis();
    if (now - this.sampledAt < SAMPLE_MILLIS) return;
    this.history.sample(this.gc.millis, this.loop.longestDelay(this.sampledAt), this.loop.stallCount);
    this.sampledAt = now;
  }
}
