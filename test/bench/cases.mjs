// What is measured. A row is one line of the table; --case chooses by `name`, and some names have several rows.

/** What a process must have registered for a row: two of these never meet in one process. */
export const SETUPS = ['recording', 'unsampled', 'untraced'];

const timed = (setup, name, title, more = {}) => ({ setup, name, key: name, title, unit: 'ns', ...more });
const server = (key, title) => ({ setup: 'server', name: 'server', key, title, unit: 'µs' });
const client = (by, key, title, unit = 'µs') => ({
  setup: 'client',
  name: 'client',
  key: `${by}${key}`,
  title,
  unit,
});
const memory = (name, key, title) => ({ setup: 'memory', name, key, title, unit: 'B' });

export const ROWS = [
  timed('recording', 'root', 'root span, start + end'),
  timed('recording', 'attributes', '… with 5 setAttribute'),
  timed('recording', 'full', '… with 5 attributes, 2 events, exception, status'),
  timed('recording', 'child', 'child of an explicit context'),
  timed('recording', 'nested', 'nested async 1 + 3'),
  timed('recording', 'nested', '… less the same functions untraced', { key: 'net' }),
  timed('unsampled', 'unsampled', 'not sampled, start + end'),
  timed('untraced', 'untraced', 'no provider, `withSpan` as is'),
  timed('recording', 'inject', 'inject what was extracted, unread'),
  timed('recording', 'inject-made', 'inject what was made by hand'),
  timed('recording', 'extract', 'extract three headers, unread'),
  timed('recording', 'traceparent', 'extract traceparent alone'),
  server('serverPlain', "server, `response.end('ok')` untraced: CPU of a request"),
  server('server', '… added by its span and the page’s store'),
  server('serverAboveAls', '… above a bare `AsyncLocalStorage.run`'),
  ...[
    ['http', 'client, node:http'],
    ['fetch', 'client, fetch'],
  ].flatMap(([by, title]) => [
    client(by, 'Off', `${title} untraced: CPU of a request`),
    client(by, 'Installed', '… hooks installed, none for it: times untraced', '×'),
    client(by, 'Three', '… added by three hooks'),
    client(by, 'All', '… added by all hooks'),
    client(by, 'Span', '… added by its span, phases as events'),
  ]),
  memory('allocated', 'allocated', 'allocated per bare span'),
  memory('allocated', 'allocatedAttributes', '… with 5 attributes'),
  memory('retained', 'retained', 'retained per bare span'),
  memory('retained', 'retainedAttributes', '… with 5 attributes'),
  { setup: 'import', name: 'import', key: 'import', title: 'import, beyond the api', unit: 'ms' },
];

export const CASE_NAMES = [...new Set(ROWS.map(({ name }) => name))];

/** What a row is computed from, where that is not a measurement of the same name. */
const PARTS = { net: ['nested', 'bare'], untraced: ['untraced', 'plain'] };

/** The measurements that some rows need from processes of one setup. */
export function measurements(rows, setup) {
  const keys = rows.filter((row) => row.setup === setup).flatMap(({ key }) => PARTS[key] ?? [key]);
  return [...new Set(keys)];
}
