import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  threadId,
  type Worker,
} from 'node:worker_threads';

const CHANNEL = 'sonde.leaving';
/** A thread that is busy for longer does not hear that it is called, in milliseconds. */
const EAR_MILLIS = 500;
/** Places in {@link Call.counts}. */
const HEARD = 0;
const DONE = 1;

/** The process ends: hand over what you have. */
interface Call {
  readonly counts: Int32Array;
}
type Message =
  | Call
  | { readonly asks: 'who is there' }
  | { readonly here: number }
  | { readonly gone: number };

/** The other threads of the process in which Sonde runs, as the main thread knows them. */
export class OtherThreads {
  private readonly present = new Set<number>();
  private channel: BroadcastChannel | undefined;

  constructor() {
    process.on('worker', this.onWorker);
  }

  /** Bids them hand over what they have, and go no further; answers what waits until all have done so. */
  call(): (deadline: number) => void {
    const { channel, present } = this;
    if (channel === undefined) return () => {};
    // What the event loop has not come to.
    for (let next = receive(channel); next !== undefined; next = receive(channel)) this.hear(next.message);
    if (present.size === 0) return () => {};
    const counts = new Int32Array(new SharedArrayBuffer(8));
    const lastHeard = performance.now() + EAR_MILLIS;
    channel.postMessage({ counts } satisfies Message);
    return (deadline) => wait(counts, present.size, Math.min(lastHeard, deadline), deadline);
  }

  stop(): void {
    process.off('worker', this.onWorker);
    this.channel?.close();
    this.channel = undefined;
    this.present.clear();
  }

  private readonly onWorker = (worker: Worker): void => {
    const { threadId } = worker;
    worker.once('exit', () => this.present.delete(threadId));
    if (this.channel === undefined) this.channel = this.listen();
  };

  private listen(): BroadcastChannel {
    const channel = open((message) => this.hear(message));
    channel.postMessage({ asks: 'who is there' } satisfies Message);
    return channel;
  }

  private hear(message: Message): void {
    if ('here' in message) this.present.add(message.here);
    if ('gone' in message) this.present.delete(message.gone);
  }
}

/** In a thread that is not the main one: hears that call. Answers the undo. */
export function hearMainThread(handAllOver: () => void): () => void {
  const here = (): void => channel.postMessage({ here: threadId } satisfies Message);
  const channel = open((message) => {
    if ('asks' in message) here();
    if (!('counts' in message)) return;
    Atomics.add(message.counts, HEARD, 1);
    handAllOver();
    Atomics.add(message.counts, DONE, 1);
    Atomics.notify(message.counts, DONE);
  });
  here();
  return () => {
    channel.postMessage({ gone: threadId } satisfies Message);
    channel.close();
  };
}

/** Node takes a BroadcastChannel there, too; its types don't know. */
function receive(channel: BroadcastChannel): { message: Message } | undefined {
  return receiveMessageOnPort(channel as unknown as MessagePort);
}

/** Keeps no thread alive. */
function open(hear: (message: Message) => void): BroadcastChannel {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event: unknown) => hear((event as { data: Message }).data);
  channel.unref();
  return channel;
}

/** Until all have done it, or those who heard it in time. */
function wait(counts: Int32Array, all: number, lastHeard: number, deadline: number): void {
  for (;;) {
    const done = Atomics.load(counts, DONE);
    const until = done < Atomics.load(counts, HEARD) ? deadline : lastHeard;
    const left = until - performance.now();
    if (done >= all || left <= 0) return;
    Atomics.wait(counts, DONE, done, left);
  }
}
