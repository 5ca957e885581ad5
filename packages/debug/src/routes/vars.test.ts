import { publish, recordRuntime } from '@sonde/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestStore } from '../requests/request-store.ts';
import { atOnce } from '../slices.ts';
import { commandLine } from '../view/vars-view.ts';
import { respond } from './respond.ts';
import type { PageSource } from './route.ts';

const source: PageSource = {
  store: new RequestStore(),
  process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
  now: [1_700_000_000, 0],
};
const ask = (path: string, { accept = '', sensitive = true } = {}, from = source) =>
  atOnce(respond({ path, query: new URLSearchParams(), accept, sensitive }, from));

let undo: (() => void)[] = [];
beforeEach(() => {
  undo = [recordRuntime()];
});
afterEach(() => {
  for (const one of undo) one();
});

describe('/debug/vars', () => {
  it.each([
    ['/vars', '', 'application/json'],
    ['/vars', '*/*', 'application/json'],
    ['/vars', 'text/html,*/*;q=0.8', 'text/html'],
    ['/vars', 'text/plain', 'text/plain; charset=utf-8'],
    ['/vars', 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'text/plain; version=0.0.4'],
    [
      '/vars',
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
      'application/openmetrics-text; version=1.0.0',
    ],
    ['/vars.json', 'text/html', 'application/json'],
    ['/vars.txt', '', 'text/plain; charset=utf-8'],
    ['/vars.prom', '', 'text/plain; version=0.0.4'],
    ['/vars.openmetrics', '', 'application/openmetrics-text'],
  ])('%s with Accept %j is %s', (path, accept, type) => {
    const { status, type: given } = ask(path, { accept });
    expect([status, given.startsWith(type)]).toEqual([200, true]);
  });

  it('has Go’s variables, and those of the program by their names', () => {
    undo.push(publish('queue', () => ({ waiting: 3, token: 'abc' })));
    const vars = JSON.parse(ask('/vars.json').body);
    expect(vars).toMatchObject({ service: 'shop', pid: 7, queue: { waiting: 3, token: 'REDACTED' } });
    expect(vars.memstats.heapAlloc).toBeGreaterThan(1e6);
    expect(vars.cmdline).toHaveLength(process.argv.length);
    expect(JSON.parse(ask('/vars.json', { sensitive: false }).body).cmdline).toHaveLength(2);
  });

  it('shows what is published as text, whatever it is', () => {
    undo.push(publish('<b>', () => ({ html: '<img src=x onerror=alert(1)>', turned: '\u202eabc' })));
    const page = ask('/vars', { accept: 'text/html' }).body;
    expect(page).toContain('&lt;b&gt;');
    expect(page).not.toContain('<img');
    expect(ask('/vars.txt').body).not.toContain('\u202e');
  });

  it('says of what was saved that it has none', () => {
    const { body, status } = ask('/vars.txt', {}, { ...source, process: { ...source.process, saved: true } });
    expect([status, body]).toEqual([
      404,
      'The statistics of the runtime are of a running process; none are saved.\n',
    ]);
  });
});

it.each([
  [
    ['node', 'app.js', '--token=abc', '--port=3'],
    ['node', 'app.js', '--token=REDACTED', '--port=3'],
  ],
  [
    ['node', 'app.js', '--api-key', 'abc', '-v'],
    ['node', 'app.js', '--api-key', 'REDACTED', '-v'],
  ],
  [
    ['node', 'app.js', '--password', '--verbose'],
    ['node', 'app.js', '--password', '--verbose'],
  ],
  [
    ['node', 'app.js', 'postgres://me:pass@db/x'],
    ['node', 'app.js', 'postgres://REDACTED@db/x'],
  ],
])('a command line is shown without its secrets: %j', (given, shown) => {
  expect(commandLine(given)).toEqual(shown);
});
