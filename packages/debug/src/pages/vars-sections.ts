import type { Vars } from '../view/vars-view.ts';
import type { Section } from './self-sections.ts';
import { byteCount, duration } from './text.ts';

const MAX_CHARACTERS = 400;

/** The tables of `/debug/vars`, before they are HTML or text. */
export function varsSections({ own, published }: Vars): Section[] {
  return [
    publishedSection(published),
    garbage(own.gcstats),
    eventLoop(own.loopstats),
    spaces(own.memstats),
    memory(own.memstats),
    resources(own.process),
    processSection(own.process, own.cmdline),
  ].filter(({ rows }) => rows.length > 0);
}

type Own = Vars['own'];

function publishedSection(published: Vars['published']): Section {
  const rows = Object.entries(published).map(([name, value]) => {
    const text = JSON.stringify(value);
    return [name, text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text];
  });
  return { title: 'Published by the program', rows };
}

function garbage({ byKind, numGC }: Own['gcstats']): Section {
  const names = ['in all', 'time', 'p50', 'p90', 'p99', 'longest'];
  const seen = byKind.filter(({ count }) => count > 0);
  return {
    title: 'Garbage collections',
    columns: [{ name: 'Kind' }, ...names.map((name) => ({ name, number: true as const }))],
    rows: seen.map(({ count, kind, max, p50, p90, p99, total }) => [
      kind,
      grouped(count),
      millis(total),
      ...[p50, p90, p99, max].map(millis),
    ]),
    ...(numGC > 0 ? { note: 'Percentiles are of the latest 256 of a kind.' } : {}),
  };
}

function eventLoop({
  delay,
  stalledTotal,
  stalls,
  utilization,
  utilizationLastSecond,
}: Own['loopstats']): Section {
  const rows = [['Utilization since the start', share(utilization)]];
  if (utilizationLastSecond !== undefined)
    rows.unshift(['Utilization in the last second', share(utilizationLastSecond)]);
  if (delay === undefined) return { title: 'Event loop', rows, note: 'Nobody records it: SONDE_RUNTIME=0.' };
  const { max, p50, p90, p99 } = delay;
  rows.push(
    ['Delay in the last minute: median', millis(p50)],
    ['… p90', millis(p90)],
    ['… p99', millis(p99)],
    ['… longest', millis(max)],
    ['Stalls of 50 ms and more', `${grouped(stalls ?? 0)}, ${millis(stalledTotal ?? 0)} in all`],
  );
  return { title: 'Event loop', rows };
}

function spaces({ bySpace }: Own['memstats']): Section {
  return {
    title: 'Memory by space',
    columns: [
      { name: 'Space' },
      ...['used', 'free', 'size'].map((name) => ({ name, number: true as const })),
    ],
    rows: bySpace
      .filter(({ size }) => size > 0)
      .map(({ available, name, size, used }) => [
        name.replaceAll('_', ' '),
        ...[used, available, size].map(byteCount),
      ]),
  };
}

function memory(stats: Own['memstats']): Section {
  const {
    arrayBuffers,
    detachedContexts,
    external,
    heapAlloc,
    heapLimit,
    heapSys,
    malloced,
    sys,
    totalAlloc,
  } = stats;
  return {
    title: 'Memory',
    rows: [
      ['Resident', byteCount(sys)],
      ['Heap in use', byteCount(heapAlloc)],
      ['Heap', byteCount(heapSys)],
      ['Heap at most', byteCount(heapLimit)],
      ['Outside of the heap', byteCount(external)],
      ['… of it in buffers', byteCount(arrayBuffers)],
      ['V8’s own', byteCount(malloced)],
      ...(totalAlloc === undefined ? [] : [['Allocated ever', byteCount(totalAlloc)]]),
      ['Contexts that were left and are still held', grouped(detachedContexts)],
    ],
  };
}

function resources({ activeResources }: Own['process']): Section {
  return {
    title: 'Active resources',
    columns: [{ name: 'Kind' }, { name: 'now', number: true }],
    rows: Object.entries(activeResources).map(([kind, count]) => [kind, grouped(count)]),
  };
}

function processSection(stats: Own['process'], cmdline: readonly string[]): Section {
  const { cpuSystemSeconds, cpuUserSeconds, maxFiles, openFiles, uptimeSeconds } = stats;
  return {
    title: 'Process',
    rows: [
      ['Up', duration(uptimeSeconds)],
      ['CPU, user', duration(cpuUserSeconds)],
      ['CPU, system', duration(cpuSystemSeconds)],
      ...(openFiles === undefined
        ? []
        : [
            [
              'Open files',
              `${grouped(openFiles)}${maxFiles === undefined ? '' : ` of ${grouped(maxFiles)}`}`,
            ],
          ]),
      ['Command', cmdline.join(' ')],
    ],
  };
}

const grouped = (count: number): string => count.toLocaleString('en-US');
const millis = (value: number): string => (value === 0 ? '0' : duration(value / 1e3));
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
