// A queue that is a directory: a message is a file, and belongs to the worker that renames it first. It stands in the place
// of a broker, so that nothing is to be installed; what carries the trace is the same with each of them: `headers`.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { withSpan } from '@sonde/core';

const ATTEMPTS = 3;
const POLL_MILLIS = 50;

export class Queue {
  constructor(name, directory) {
    this.name = name;
    this.place = (state, file = '') => join(directory, name, state, file);
    for (const state of ['draft', 'waiting', 'taken', 'failed']) {
      mkdirSync(this.place(state), { recursive: true });
    }
  }

  /** A PRODUCER span, whose trace the message carries in its headers. */
  async send(body) {
    const id = `${Date.now()}-${randomUUID()}`;
    await this.span('send', SpanKind.PRODUCER, id, async () => {
      const headers = {};
      propagation.inject(context.active(), headers);
      await this.put({ id, headers, body, attempt: 1 });
    });
    return id;
  }

  /** For each message, one at a time and for ever, a CONSUMER span below the one that sent it. A failed one comes again. */
  async process(handle) {
    for (;;) {
      const message = await this.take();
      const sender = propagation.extract(ROOT_CONTEXT, message.headers);
      try {
        await context.with(sender, () =>
          this.span('process', SpanKind.CONSUMER, message.id, (span) => {
            if (message.attempt > 1) span.setAttribute('queue.attempt', message.attempt);
            return handle(message.body);
          }),
        );
      } catch (error) {
        await this.put({ ...message, attempt: message.attempt + 1, error: error.message });
      }
      await rm(this.place('taken', `${message.id}.json`));
    }
  }

  /** As OpenTelemetry's conventions for messaging describe it. */
  span(operation, kind, id, work) {
    const attributes = {
      'messaging.system': 'directory',
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      'messaging.destination.name': this.name,
      'messaging.message.id': id,
    };
    return withSpan(`${operation} ${this.name}`, { kind, attributes }, work);
  }

  /** Written aside and then renamed, so that nobody takes half a message. */
  async put(message) {
    const file = `${message.id}.json`;
    await writeFile(this.place('draft', file), JSON.stringify(message));
    await rename(
      this.place('draft', file),
      this.place(message.attempt > ATTEMPTS ? 'failed' : 'waiting', file),
    );
  }

  async take() {
    for (;;) {
      for (const file of (await readdir(this.place('waiting'))).sort()) {
        try {
          await rename(this.place('waiting', file), this.place('taken', file));
        } catch {
          continue; // Another worker has it.
        }
        return JSON.parse(await readFile(this.place('taken', file), 'utf8'));
      }
      await sleep(POLL_MILLIS);
    }
  }
}
