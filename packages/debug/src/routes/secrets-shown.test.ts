/**
 * Credentials that were planted everywhere, as instrumentations that leave them in would: no page shows one, in any form.
 * The pages are those of the table of routes, and all that they link to, so that new ones are looked at as well.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { resourceFromAttributes, TracerProvider } from '@sonde/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { newEventLog, newTrace } from '../new-trace.ts';
import { pageServer } from '../page-server.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { FORMS, type Form } from './form.ts';
import { ROUTES } from './routes.ts';

/** Every planted one holds this word; what stands around it tells where it was. */
const SECRET = 'hunter2';
let planted = 0;
const secret = (): string => `${SECRET}-${planted++}`;

const store = new RequestStore();
const answer = pageServer({ store, service: 'shop' });
let traceId = '';

const url = (): string =>
  `https://ada:${secret()}@bank.example/pay?token=${secret()}&X-Amz-Signature=${secret()}&n=1`;

const headers = (direction: string): object =>
  Object.fromEntries(
    ['authorization', 'cookie', 'proxy-authorization', 'set-cookie', 'x-api-key', 'x-auth-token'].map(
      (name) => [`http.${direction}.header.${name}`, [secret(), secret()]],
    ),
  );

const attributes = () => ({
  ...headers('request'),
  ...headers('response'),
  'url.full': url(),
  'http.url': url(),
  'http.target': `/pay?sig=${secret()}`,
  'url.query': `api_key=${secret()}&password=${secret()}`,
  'db.connection_string': `Server=db;User=sa;Password=${secret()};`,
  'user.password': secret(),
  accessToken: secret(),
  'log.text': `Authorization: Bearer ${secret()}`,
  json: JSON.stringify({ password: secret(), nested: { client_secret: secret() } }),
  map: { inside: { apiKey: secret(), list: [url(), { token: secret() }] } } as never,
});

beforeAll(() => {
  const provider = new TracerProvider({
    spanProcessors: [new RequestsProcessor(store)],
    resource: resourceFromAttributes({ 'service.name': 'shop', 'deploy.token': secret(), 'git.url': url() }),
  });
  const tracer = provider.getTracer('foreign');
  const error = Object.assign(new Error(`connect ${url()} failed`), { code: 'EBANK' });
  const serve = (finish: boolean): void => {
    const server = { ...attributes(), 'http.request.method': 'GET', 'url.path': '/pay' };
    const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes: server });
    const within = trace.setSpan(ROOT_CONTEXT, root);
    const link = { context: root.spanContext(), attributes: attributes() };
    const call = tracer.startSpan(
      'POST',
      {
        kind: SpanKind.CLIENT,
        attributes: { ...attributes(), 'http.request.method': 'POST' },
        links: [link],
      },
      within,
    );
    call
      .addEvent(`retry ${url()}`, attributes())
      .addEvent('log', { 'log.message': `sent cookie: a=${secret()}` });
    call.recordException(error);
    call.setStatus({ code: SpanStatusCode.ERROR, message: `no answer of ${url()}` });
    tracer.startSpan(`query ${url()}`, { attributes: attributes() }, within).end();
    if (!finish) return;
    call.end();
    root.setStatus({ code: SpanStatusCode.ERROR, message: `token=${secret()}` }).end();
    traceId = root.spanContext().traceId;
  };
  for (let i = 0; i < 4; i++) serve(true);
  serve(false);
  tracer.startSpan(`job ${url()}`, { attributes: attributes() }).end();
  const lines = newTrace('by hand', `GET /pay?token=${secret()}`, store);
  lines.lazyPrintf('asking %s with %o', url(), { password: secret() });
  lines.lazyLog({ toString: () => `Authorization: Basic ${secret()}` }, true);
  lines.finish();
  newTrace('by hand', url(), store).lazyPrintf('runs with token=%s', secret());
  const log = newEventLog('pool', url(), store);
  log.printf('dialed %s', url());
  log.errorf('refused: %s', `password=${secret()}`);
});

/** All that is below the mount point, page after page. */
async function visitAll(): Promise<Map<string, string>> {
  const waiting = ROUTES.flatMap((route) => {
    // What a path leaves open is the id of a trace, or the name of a span.
    const paths = ['GET', 'POST', traceId].map((id) => route.path.replace('*', id));
    return paths.flatMap((path) => [
      path,
      `${path}?show_sensitive=1`,
      ...('forms' in route ? suffixed(path, route.forms) : []),
    ]);
  });
  const bodies = new Map<string, string>();
  const visits = new Map<string, number>();
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (bodies.has(address)) continue;
    const { pathname, search } = new URL(address, 'http://localhost');
    // Every two requests can be compared: some of them are enough.
    const count = visits.get(pathname) ?? 0;
    if (count === 40) continue;
    visits.set(pathname, count + 1);
    const body = await ask(pathname, search.slice(1));
    bodies.set(address, body);
    waiting.push(...linksIn(body, address));
  }
  return bodies;
}

const suffixed = (path: string, forms: readonly Form[]): string[] =>
  path.endsWith('/') ? [] : forms.map((form) => `${path}${FORMS[form].suffix}`);

/** The page as it is, and what keeps an open one up to date. */
async function ask(path: string, asked: string): Promise<string> {
  // Profiles take their time: none is needed here for long.
  const query = path.startsWith('/pprof/') ? `${asked.replace(/\bseconds=\d+/, '')}&seconds=0.01` : asked;
  const once = await replyTo(path, query, '');
  let file = '';
  for await (const chunk of once.stream?.chunks ?? []) file += chunk;
  const live = await replyTo(path, query, 'text/event-stream');
  let update = '';
  for await (const chunk of live.stream?.chunks ?? []) {
    update = chunk;
    break;
  }
  live.stream?.end();
  return `${JSON.stringify(once.headers)}\n${once.body}${file}\n${live.body}\n${update}`;
}

function replyTo(path: string, query: string, accept: string) {
  const visit = { method: 'GET', headers: { accept }, host: 'localhost', peer: '127.0.0.1' };
  return answer({ path, query }, { ...visit, asking: undefined as never });
}

/** Links of a page and what its forms send, as a browser resolves them, in every form that a page has. */
function linksIn(body: string, from: string): string[] {
  const here = `http://localhost${from}`;
  const links = [...body.matchAll(/(?:href|action)="([^"]*)"/g)].map(
    ([, link]) => new URL((link as string).replaceAll('&amp;', '&'), here),
  );
  return links
    .filter(({ host, pathname }) => host === 'localhost' && pathname !== '')
    .flatMap(({ pathname, search }) => {
      const route = ROUTES.find(({ path }) => path === pathname);
      const forms = route !== undefined && 'forms' in route ? suffixed(pathname, route.forms) : [];
      return [pathname, ...forms].map((path) => `${path}${search}`);
    });
}

describe('credentials that were planted everywhere', () => {
  it('are on no page, in no form', async () => {
    const bodies = await visitAll();
    // It went everywhere: every route, lists, expanded ones, and the traces in all forms.
    for (const { path } of ROUTES) expect([...bodies.keys()].join('\n')).toContain(path.replace('*', ''));
    expect(bodies.size).toBeGreaterThan(100);
    expect([...bodies.values()].filter((body) => body.includes('REDACTED')).length).toBeGreaterThan(20);
    const leaks = [...bodies].flatMap(([address, body]) =>
      address.includes(SECRET) || body.includes(SECRET) ? [`${address}: ${contextOf(body)}`] : [],
    );
    expect(leaks).toEqual([]);
  });
});

function contextOf(body: string): string {
  const at = body.indexOf(SECRET);
  return body.slice(Math.max(0, at - 80), at + 20);
}
