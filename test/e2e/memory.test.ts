import { expect, it } from 'vitest';
import { Program } from '../support/program.ts';

/** A collector of garbage may take a stale value on its stack for a reference: one thing of a hundred may be left. */
const BY_ACCIDENT = 0.01;

it('nothing is kept of spans and contexts that nobody needs any more', async () => {
  const program = new Program(['--expose-gc', 'e2e/programs/collectable.mjs']);
  expect(await program.ended).toBe(0);
  const kept = Object.entries(JSON.parse(program.stdout) as Record<string, number>);
  expect(kept.map(([what]) => what)).toEqual([
    'ended spans',
    'contexts of async work that is over',
    'the parents of the last span of a chain',
    'what was given to spans that are kept',
    'ended spans that were watched for lost context',
    'generators that were left in the middle',
  ]);
  expect(kept.filter(([, part]) => part > BY_ACCIDENT)).toEqual([]);
});

it('nothing is kept of 100,000 served requests and 1,000 aborted ones, by spans, hooks or connections', async () => {
  const program = new Program(['--expose-gc', 'e2e/programs/served.mjs']);
  expect(await program.ended).toBe(0);
  const { active, alive, grownKiB, noted } = JSON.parse(program.stdout) as Record<string, number>;
  expect(active).toBe(0);
  // 20 bytes a request would be 2 MiB.
  expect(grownKiB).toBeLessThan(2_048);
  expect(noted).toBe(1_000);
  expect(alive).toBeLessThanOrEqual(1_000 * BY_ACCIDENT);
});

it('nothing is kept of 10,000 sent requests, by hooks or connections that stay', async () => {
  const program = new Program(['--expose-gc', 'e2e/programs/sent.mjs', '10000']);
  expect(await program.ended).toBe(0);
  const { alive, grownKiB, noted, pools } = JSON.parse(program.stdout) as Record<string, number>;
  // 400 bytes a request, and one that was kept would take 2,000. Code that is compiled meanwhile counts too: 0.3 to 1.5
  // MiB were seen, and of 100,000 requests, which take a minute or two, no more.
  expect(grownKiB).toBeLessThan(4_096);
  expect(noted).toBe(1_360);
  expect(alive).toBeLessThanOrEqual(1_360 * BY_ACCIDENT);
  // No trace is left, so nothing is installed.
  expect(pools).toBe(0);
});

it('nothing is kept of the requests of npm’s undici, neither by an idle pool nor of a closed one', async () => {
  const program = new Program(['--expose-gc', 'e2e/programs/sent-by-undici.mjs']);
  // It ends by itself, although a pool is left idle and a global trace is left installed.
  expect(await program.ended).toBe(0);
  const kept = Object.entries(JSON.parse(program.stdout) as Record<string, number>);
  expect(kept.length).toBeGreaterThanOrEqual(4);
  expect(kept.filter(([what, count]) => count > (what.includes('traces') ? 200 * BY_ACCIDENT : 0))).toEqual(
    [],
  );
});

it('the pages’ store stays within its budget and 15 % of heap, whatever is thrown at it, and says what it let go', async () => {
  // The first 400,000 of the ten million spans of the benchmark.
  const program = new Program(['--expose-gc', 'bench/store.mjs', '0.4', '--json']);
  expect(await program.ended).toBe(0);
  const { drops, heapTimes, maxBytes, mostBytes } = JSON.parse(program.stdout);
  // A span that ends is weighed then, and a request with it is let go at once; one span more is all that is too much.
  expect(mostBytes).toBeLessThan(maxBytes + 128 * 2 * 16_384);
  expect(heapTimes).toBeLessThan(1.15);
  expect(heapTimes).toBeGreaterThan(0.3);
  expect(drops.evictedRequests).toBeGreaterThan(10_000);
  expect(drops.overflowRequests).toBeGreaterThan(50_000);
});
