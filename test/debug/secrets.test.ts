/** Credentials in real requests, all headers captured: no page shows one. By spans of others: packages/debug, secrets-shown.test.ts. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { suppressTracing } from '@sonde/core';
import { newTrace } from '@sonde/debug';
import { start } from 'sonde';
import { afterAll, beforeAll, expect, it } from 'vitest';

const SECRET = 'hunter2';
/** As a client sends it that has it in its URL. */
const BASIC = btoa(`ada:${SECRET}`);
const NAMES = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'referer',
  'set-cookie',
  'x-api-key',
  'location',
];

const server = http.createServer(async (request, response) => {
  console.log('asked with %o', request.headers);
  newTrace('by hand', request.url ?? '').finish();
  trace
    .getActiveSpan()
    ?.setAttribute('user.password', SECRET)
    .recordException(new Error(`token=${SECRET}`));
  if (request.url?.startsWith('/outer')) {
    await fetch(`${origin()}/inner?sig=${SECRET}`, { headers: credentials });
    const [inner] = await once(http.get(`${origin().replace('//', `//ada:${SECRET}@`)}/inner`), 'response');
    await once((inner as http.IncomingMessage).resume(), 'end');
  }
  response.setHeader('Set-Cookie', [`a=${SECRET}`, `b=${SECRET}`]);
  response.setHeader('Location', `/next?access_token=${SECRET}`);
  response.end();
});
const origin = () => `http://localhost:${(server.address() as AddressInfo).port}`;
const credentials = {
  authorization: `Bearer ${SECRET}`,
  cookie: `session=${SECRET}; other=${SECRET}`,
  'x-api-key': SECRET,
  referer: `http://localhost/login?password=${SECRET}`,
};

/** Without a span of its own for each look. */
const lookAt = (path: string): Promise<string> =>
  context.with(suppressTracing(context.active()), async () => (await fetch(`${origin()}${path}`)).text());

const print = console.log;

beforeAll(async () => {
  console.log = () => {};
  start({ captureRequestHeaders: NAMES, captureResponseHeaders: NAMES, logs: { console: true } });
  await once(server.listen(0), 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await start().shutdown();
  console.log = print;
});

it('credentials of real requests are on no page', async () => {
  await (await fetch(`${origin()}/outer?token=${SECRET}&page=2`, { headers: credentials })).text();
  const waiting = ['/debug/', '/debug/sonde'];
  const bodies = new Map<string, string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (bodies.has(path) || bodies.size > 300) continue;
    const body = await lookAt(path);
    bodies.set(path, body);
    for (const [, link] of body.matchAll(/href="([^"]*)"/g)) {
      const { pathname, search } = new URL((link as string).replaceAll('&amp;', '&'), `${origin()}${path}`);
      waiting.push(`${pathname}${search}`);
      if (/^\/debug\/requests/.test(pathname))
        waiting.push(`${pathname.replace(/\.\w+$/, '')}.json${search}`);
    }
  }
  const all = [...bodies.values()].join('\n');
  // Of each there is something to see: requests both ways, headers, lines.
  const signs = [
    '/outer',
    '/inner',
    'header.x-api-key',
    'header.set-cookie',
    'asked with',
    'page=2',
    'REDACTED',
  ];
  expect(signs.filter((sign) => !all.includes(sign))).toEqual([]);
  expect(
    [...bodies].filter(([, body]) => body.includes(SECRET) || body.includes(BASIC)).map(([path]) => path),
  ).toEqual([]);
});
