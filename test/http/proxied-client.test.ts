import { once } from 'node:events';
import type http from 'node:http';
import https from 'node:https';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { type ReadableSpan, TracerProvider } from '@sonde/core';
import { instrumentHttp } from '@sonde/http';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectProxy, using } from '../httptrace/fixtures.ts';
import { type Listening, listen, secureServer, selfSigned } from '../httptrace/servers.ts';
import { EndedSpans } from '../support/ended-spans.ts';

let pems: { key: string; cert: string };
let secure: Listening;
let proxy: string;
let spans: EndedSpans;
let undo = (): void => {};

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  pems = await selfSigned();
  secure = using(await listen(secureServer(pems)));
  proxy = await connectProxy();
});
beforeEach(() => {
  spans = new EndedSpans();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [spans] }));
});
afterEach(() => {
  undo();
  trace.disable();
});
afterAll(() => context.disable());

async function ask(): Promise<ReadableSpan> {
  const agent = new HttpsProxyAgent(proxy);
  const request = https.get(`https://127.0.0.1:${secure.port}/`, { agent, ca: pems.cert });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  await once(response.resume(), 'end');
  agent.destroy();
  return spans.one(SpanKind.CLIENT);
}

describe('HTTPS through a proxy', () => {
  const dial = (): string[] => [
    `socket connect ${new URL(proxy).host}`,
    `HTTP CONNECT 127.0.0.1:${secure.port}`,
    'TLS client handshake 127.0.0.1',
  ];

  it('has its tunnel among the phases of the request', async () => {
    undo = instrumentHttp({ clientPhases: 'spans', ignoreIncoming: () => true });
    const names = spans.childrenOf(await ask()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(dial()));
  });

  it('has its tunnel among the phases of the connection’s own trace', async () => {
    undo = instrumentHttp({ clientPhases: 'links', ignoreIncoming: () => true });
    const { links } = await ask();
    const setup = spans.ended.find(({ name }) => name.startsWith('HTTP connection_setup')) as ReadableSpan;
    expect(links.map(({ context }) => context.spanId)).toEqual([setup.spanContext().spanId]);
    expect(spans.childrenOf(setup).map(({ name }) => name)).toEqual(dial());
  });
});
