// What an open page costs its server: node test/bench/live.mjs [node] [families]. A server with `start()` is asked 2,000 times
// a second by a process of its own; in turn, /debug/requests is kept up to date for a reader, and is not. The figure is
// the processor time of the server's process, the cheapest slice with the page less the cheapest without; and, which a machine
// that does other work disturbs less, its part of a profile of the process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nodeBinary, runningNode } from '../../scripts/workspace.mjs';

const PER_SECOND = 2_000;
const WARM_UP_MILLIS = 10_000;
const SLICE_MILLIS = 4_000;
const PAIRS = 15;
const PROFILE_MILLIS = 20_000;

const [major = runningNode, ...counts] = process.argv.slice(2).map(Number);

function launch(program, args, execPath = process.execPath) {
  const file = fileURLToPath(new URL(`./live/${program}.mjs`, import.meta.url));
  // In production the server does not announce itself.
  const env = { ...process.env, NODE_ENV: 'production' };
  return fork(file, args.map(String), { execPath, env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

async function answerOf(child, question) {
  child.send(question);
  return (await once(child, 'message'))[0];
}

/** Keeps the page open, and counts what comes. */
function openPage(port) {
  const seen = { updates: 0, bytes: 0 };
  const headers = { accept: 'text/event-stream' };
  const request = http.get(
    { port, host: '127.0.0.1', path: '/debug/requests', headers, agent: false },
    (response) => {
      response
        .on('error', () => {})
        .on('data', (chunk) => {
          seen.bytes += chunk.length;
          seen.updates += chunk.toString('latin1').split('id: ').length - 1;
        });
    },
  );
  return { seen, close: () => request.on('error', () => {}).destroy() };
}

async function slice(server, port, open) {
  const page = open ? openPage(port) : undefined;
  const [before, began] = [await answerOf(server, 'used'), performance.now()];
  await wait(SLICE_MILLIS);
  const after = await answerOf(server, 'used');
  const seconds = (performance.now() - began) / 1000;
  page?.close();
  return {
    share: (after.micros - before.micros) / 1e6 / seconds,
    perSecond: (after.answered - before.answered) / seconds,
    ...page?.seen,
  };
}

/** The part of the server's time that is spent on the page. */
async function profile(server, port) {
  const page = openPage(port);
  await answerOf(server, 'profile');
  await wait(PROFILE_MILLIS);
  const { share } = await answerOf(server, 'profiled');
  page.close();
  return share;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const percent = (share) => `${(share * 100).toFixed(1)} %`;

async function measure(families) {
  const server = launch('server', [], nodeBinary(major));
  const [{ port }] = await once(server, 'message');
  const load = launch('load', [port, PER_SECOND, families]);
  await wait(WARM_UP_MILLIS);
  const pairs = [];
  for (let i = 0; i < PAIRS; i++) {
    // Whoever comes first has no advantage.
    const first = await slice(server, port, i % 2 === 0);
    const second = await slice(server, port, i % 2 !== 0);
    pairs.push(i % 2 === 0 ? [first, second] : [second, first]);
  }
  const share = await profile(server, port);
  load.disconnect();
  server.disconnect();
  const [open, closed] = [0, 1].map((which) => Math.min(...pairs.map((pair) => pair[which].share)));
  const cost = open - closed;
  const perSecond = median(pairs.flat().map((one) => one.perSecond));
  const { bytes, updates } = pairs.at(-1)[0];
  console.log(
    `Node ${major}, ${families} families, ${perSecond.toFixed(0)} requests a second: the page takes ${percent(cost)} of a core, ${percent(cost / closed)} of the ${percent(closed)} that the server takes; by profile ${percent(share)}; ${updates} updates in ${SLICE_MILLIS / 1000} s, ${(bytes / updates / 1024).toFixed(0)} KiB each`,
  );
}

for (const families of counts.length > 0 ? counts : [20, 200]) await measure(families);
