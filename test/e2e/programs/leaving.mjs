// Makes so many spans, all still unsent, and leaves in the way that is named.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { Worker } from 'node:worker_threads';
import { withSpan } from '@sonde/core';

const [way, count = '5000'] = process.argv.slice(2);
const ways = {
  end() {},
  exit: () => process.exit(3),
  'exit in a timer': () => setTimeout(() => process.exit(3), 20),
  async 'exit in a request'() {
    const server = createServer(() => process.exit(3)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    get(`http://127.0.0.1:${server.address().port}/`);
  },
  'exit with a listener'() {
    process.on('exit', (code) => {
      withSpan('in a listener', () => {});
      console.log(`leaving with ${code}`);
      process.exitCode = 4;
    });
    setImmediate(() => process.exit());
  },
  'exit in a listener'() {
    process.on('exit', () => process.exit(4));
    setImmediate(() => process.exit(3));
  },
  throw() {
    throw new Error('nobody catches this');
  },
  'throw in a timer': () => setTimeout(ways.throw, 20),
  reject() {
    Promise.reject(new Error('nobody catches this'));
  },
  'catch the uncaught'() {
    process.on('uncaughtException', () => process.exit(5));
    ways['throw in a timer']();
  },
  stay() {
    setInterval(() => {}, 1_000);
    console.log('running');
  },
  'exit at SIGTERM'() {
    process.on('SIGTERM', () => process.exit(7));
    ways.stay();
  },
  'close at SIGTERM'() {
    process.once('SIGTERM', () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 100));
    ways.stay();
  },
  'clean up at SIGTERM'() {
    process.once('SIGTERM', () => {
      console.log('cleaned up');
      process.kill(process.pid, 'SIGTERM');
    });
    ways.stay();
  },
  async 'signal-exit'() {
    const { onExit } = await import('signal-exit');
    onExit((_code, signal) => console.log(`cleaned up for ${signal}`));
    ways.stay();
  },
  'exit of a cluster worker'() {
    if (!cluster.isPrimary) return process.exit(3);
    cluster.fork().once('exit', (code) => console.log(`the worker ended with ${code}`));
  },
  'exit of a thread'() {
    const thread = new Worker(new URL(import.meta.url), { argv: ['exit', count] });
    thread.once('exit', (code) => console.log(`the thread ended with ${code}`));
  },
  'stay with the spans of a thread'() {
    new Worker(new URL(import.meta.url), { argv: ['stay', count] });
  },
  'exit with the spans of a thread'() {
    const thread = new Worker(new URL(import.meta.url), { argv: ['stay', count], stdout: true });
    thread.stdout.once('data', () => process.exit(3));
  },
  'exit while a thread is busy'() {
    const thread = new Worker(new URL(import.meta.url), { argv: ['never rest', count], stdout: true });
    thread.stdout.once('data', () => process.exit(3));
  },
  'never rest'() {
    ways.stay();
    for (;;);
  },
};

// Those who start others leave the spans to them.
const isStarting = cluster.isPrimary && /thread|cluster/.test(way);
if (!isStarting) for (let i = 0; i < Number(count); i++) withSpan(`step ${i}`, () => {});
await ways[way]();
