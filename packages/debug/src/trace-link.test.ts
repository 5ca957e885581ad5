import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { context, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider, withSpan } from '@sonde/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RequestStore } from './requests/request-store.ts';
import { RequestsProcessor } from './requests/requests-processor.ts';
import { type TraceLinkOptions, traceLink } from './trace-link.ts';

type Response = http.ServerResponse;

const close: (() => void)[] = [];
let traceId = '';
let spanId = '';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const spanProcessors = [new RequestsProcessor(new RequestStore())];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
});
afterEach(() => {
  for (const end of close.splice(0)) end();
});
afterAll(() => {
  trace.disable();
  context.disable();
});

/** As an instrumented server calls it: within the request's span. */
function serving(handler: (response: Response) => unknown, options?: TraceLinkOptions): http.RequestListener {
  const link = traceLink(options);
  return (request, response) =>
    withSpan('request', (span) => {
      ({ spanId, traceId } = span.spanContext());
      link(request, response);
      handler(response);
    });
}

async function listen(server: http.Server): Promise<number> {
  close.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0), 'listening');
  return (server.address() as AddressInfo).port;
}

/** The lines of an answer's head, as they were sent; of 1xx the one that follows. */
async function headOf(listener: http.RequestListener, headers = ''): Promise<string[]> {
  const port = await listen(http.createServer(listener));
  const socket = net.connect(port).setEncoding('utf8');
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head] = text.replace(/^HTTP\/1.1 1\d\d .*?\r\n\r\n/s, '').split('\r\n\r\n', 1) as [string];
  return head.split('\r\n');
}

/** The values of a header, in the order in which they were sent. */
const valuesOf = (head: readonly string[], name: string): string[] =>
  head
    .filter((line) => line.toLowerCase().startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2));

const timing = () => `traceparent;desc="00-${traceId}-${spanId}-01"`;
const page = () => `/debug/requests/trace/${traceId}`;

describe('a response to whoever may look', () => {
  it.each<[string, (response: Response) => unknown]>([
    ['that is ended alone', (response) => response.end()],
    ['that is written first', (response) => response.write('a') && response.end('b')],
    [
      'whose head is flushed',
      (response) => {
        response.flushHeaders();
        response.end();
      },
    ],
    ['whose head is written', (response) => response.writeHead(200).end()],
    ['with a reason', (response) => response.writeHead(404, 'Nowhere').end()],
    ['with headers', (response) => response.writeHead(200, { 'X-Own': '1' }).end()],
    ['with a reason and headers', (response) => response.writeHead(200, 'Fine', { 'X-Own': '1' }).end()],
    ['with headers in turn', (response) => response.writeHead(200, ['X-Own', '1']).end()],
    ['with headers in pairs', (response) => response.writeHead(200, [['X-Own', '1']] as never).end()],
    ['with headers that were set', (response) => response.setHeader('X-Own', '1').end()],
    ['without a body', (response) => response.writeHead(204).end()],
    [
      'after early hints',
      (response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
        response.end();
      },
    ],
  ])('%s tells its trace, and is what it was in all else', async (_what, handler) => {
    const head = await headOf(serving(handler));
    expect(valuesOf(head, 'server-timing')).toEqual([timing()]);
    expect(valuesOf(head, 'x-trace-link')).toEqual([page()]);
    const plain = await headOf((_request, response) => void handler(response));
    const ours = /^(?:server-timing|x-trace-link|date): /i;
    expect(head.filter((line) => !ours.test(line))).toEqual(plain.filter((line) => !ours.test(line)));
  });

  it.each<[string, (response: Response) => unknown]>([
    ['set', (response) => response.setHeader('Server-Timing', 'db;dur=53').end()],
    ['written', (response) => response.writeHead(200, { 'server-timing': 'db;dur=53' }).end()],
    ['written in turn', (response) => response.writeHead(200, ['SERVER-TIMING', 'db;dur=53']).end()],
    [
      'written in pairs',
      (response) => response.writeHead(200, [['Server-Timing', 'db;dur=53']] as never).end(),
    ],
    [
      'set and written',
      (response) => {
        response
          .setHeader('Server-Timing', 'replaced')
          .writeHead(200, { 'Server-Timing': 'db;dur=53' })
          .end();
      },
    ],
    [
      'set, beside what is written',
      (response) => {
        response.setHeader('Server-Timing', 'db;dur=53').writeHead(200, { 'X-Own': '1' }).end();
      },
    ],
  ])('keeps a Server-Timing of the application’s that was %s', async (_how, handler) => {
    const head = await headOf(serving(handler));
    expect(valuesOf(head, 'server-timing')).toEqual([`db;dur=53, ${timing()}`]);
  });

  it('keeps several of them', async () => {
    const head = await headOf(
      serving((response) => response.setHeader('Server-Timing', ['db;dur=53', 'cache']).end()),
    );
    expect(valuesOf(head, 'server-timing')).toEqual([`db;dur=53, cache, ${timing()}`]);
  });

  it('keeps an X-Trace-Link of the application’s, and adds none', async () => {
    for (const handler of [
      (response: Response) => response.setHeader('X-Trace-Link', '/mine').end(),
      (response: Response) => response.writeHead(200, { 'x-trace-link': '/mine' }).end(),
    ]) {
      expect(valuesOf(await headOf(serving(handler)), 'x-trace-link')).toEqual(['/mine']);
    }
  });

  it('shows the application nothing of it before', async () => {
    let seen: unknown;
    await headOf(
      serving((response) => {
        seen = [response.getHeaderNames(), response.hasHeader('server-timing')];
        response.end();
      }),
    );
    expect(seen).toEqual([[], false]);
  });

  it('fails as it did where its head is written twice', async () => {
    let failed: unknown;
    await headOf(
      serving((response) => {
        response.writeHead(200);
        try {
          response.writeHead(500);
        } catch (error) {
          failed = error;
        }
        response.end();
      }),
    );
    expect(failed).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' });
  });

  it('goes out without it, where it cannot be made', async () => {
    const said = vi.fn();
    diag.setLogger({ error: said, warn: said, info: said, debug: said, verbose: said });
    const broken = serving((response) => {
      response.getHeader = () => {
        throw new Error('broken');
      };
      response.end('whole');
    });
    const head = await headOf(broken);
    diag.disable();
    expect(head[0]).toBe('HTTP/1.1 200 OK');
    expect(valuesOf(head, 'server-timing')).toEqual([]);
    expect(said.mock.calls.flat()).toContain('sonde: headers could not be added to a response');
  });

  it('leads to where the pages are', async () => {
    const ended = (response: Response) => response.end();
    const link = async (options: TraceLinkOptions) =>
      valuesOf(await headOf(serving(ended, options)), 'x-trace-link');
    expect(await link({ path: '/ops/' })).toEqual([`/ops/requests/trace/${traceId}`]);
    expect(await link({ origin: () => 'http://localhost:9090' })).toEqual([`http://localhost:9090${page()}`]);
    expect(await link({ origin: () => undefined })).toEqual([]);
  });

  it('tells it over HTTP/2, too', async () => {
    const server = http2.createServer(
      serving((response) => response.writeHead(200, { 'server-timing': 'db;dur=53' }).end()) as never,
    );
    await once(server.listen(0), 'listening');
    const client = http2.connect(`http://localhost:${(server.address() as AddressInfo).port}`);
    close.push(
      () => client.close(),
      () => server.close(),
    );
    const [head] = (await once(client.request({ ':path': '/' }), 'response')) as [http2.IncomingHttpHeaders];
    expect([head['server-timing'], head['x-trace-link']]).toEqual([`db;dur=53, ${timing()}`, page()]);
  });
});

describe('a response tells nothing', () => {
  const silent = async (headers: string, options?: TraceLinkOptions) => {
    const head = await headOf(
      serving((response) => response.end(), options),
      headers,
    );
    return [...valuesOf(head, 'server-timing'), ...valuesOf(head, 'x-trace-link')];
  };

  it.each([
    ['one that was forwarded', 'X-Forwarded-For: 10.0.0.1\r\n'],
    ['a script of another site', 'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n'],
    ['a wrong token from elsewhere', 'Via: 1.1 x\r\nAuthorization: Bearer wrong\r\n'],
  ])('to %s', async (_who, headers) => {
    expect(await silent(headers, { token: 'secret' })).toEqual([]);
  });

  it('to whom authRequest refuses, or by an error', async () => {
    expect(await silent('', { authRequest: () => ({ any: false, sensitive: false }) })).toEqual([]);
    const broken = () => {
      throw new Error('broken');
    };
    expect(await silent('', { authRequest: broken })).toEqual([]);
  });

  it('but to whom has the token, wherever he is', async () => {
    expect(await silent('Via: 1.1 x\r\nAuthorization: Bearer secret\r\n', { token: 'secret' })).toHaveLength(
      2,
    );
  });

  it('outside a span, and calls the next middleware', async () => {
    const link = traceLink();
    const next = vi.fn();
    const head = await headOf((request, response) => {
      link(request, response, next);
      response.end();
    });
    expect(valuesOf(head, 'server-timing')).toEqual([]);
    expect(next).toHaveBeenCalledOnce();
  });
});
