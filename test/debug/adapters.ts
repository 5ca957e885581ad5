import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { getRequestListener, serve as serveHono } from '@hono/node-server';
import { type Access, debugFetch, debugHandler, type RequestStore } from '@sonde/debug';
import { debugPages as fastifyPages } from '@sonde/debug/fastify';
import { debugPages as honoPages } from '@sonde/debug/hono';
import { debugPages as koaPages } from '@sonde/debug/koa';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';

/** What all applications answer that are not asked for a page. */
export const APPLICATION = 'the application';

/** What an adapter is given; `authRequest` gets requests of each one's own kind. */
export interface Options {
  readonly store: RequestStore;
  readonly token?: string;
  readonly authRequest?: () => Access;
}

/** An application with the pages in it. */
type Application = (options: Options) => http.Server | Promise<http.Server>;

/** Every way to serve the pages, each as its users write it. */
export const ADAPTERS: readonly (readonly [name: string, application: Application])[] = [
  [
    'node:http',
    (options) => {
      const debug = debugHandler(options);
      return http.createServer((request, response) => debug(request, response) || response.end(APPLICATION));
    },
  ],
  ['Express', (options) => expressApplication((app) => app.use(debugHandler(options)))],
  [
    'Express, mounted at the path',
    (options) => expressApplication((app) => app.use('/debug', debugHandler(options))),
  ],
  [
    'Fastify',
    async (options) => {
      const app = fastify();
      await app.register(fastifyPages, options);
      app.all('/known', async () => APPLICATION);
      app.setNotFoundHandler(async (_request, reply) => reply.code(200).send(APPLICATION));
      await app.ready();
      return app.server;
    },
  ],
  [
    'Koa',
    (options) => {
      const app = new Koa();
      app.silent = true;
      app.use(koaPages(options)).use((context) => {
        context.body = APPLICATION;
      });
      return http.createServer(app.callback());
    },
  ],
  [
    'Hono',
    (options) => {
      const app = new Hono();
      app.use(honoPages(options)).all('*', (context) => context.text(APPLICATION));
      return new Promise((resolve) => {
        const server = serveHono({ fetch: app.fetch, port: 0 }, () => resolve(server as http.Server));
      });
    },
  ],
  [
    'fetch, told the peer',
    (options) => {
      const debug = debugFetch(options);
      const listener = getRequestListener(async (request, { incoming }) => {
        const { httpVersion, socket } = incoming as http.IncomingMessage;
        const info = { httpVersion, remoteAddress: socket.remoteAddress };
        return (await debug(request, info)) ?? new Response(APPLICATION);
      });
      return http.createServer((request, response) => void listener(request, response));
    },
  ],
];

function expressApplication(use: (app: express.Express) => unknown): http.Server {
  const app = express();
  use(app);
  app.use((_request, response) => void response.send(APPLICATION));
  return http.createServer(app);
}

/** A route handler of Next and the like: a function of a `Request`, which does not tell where it comes from. */
export function routeHandler(options: Options): (request: Request) => Promise<Response> {
  const debug = debugFetch(options);
  return async (request) => (await debug(request)) ?? new Response(APPLICATION);
}

/** One that listens, and asks of it byte by byte what no client would. */
export class Listening {
  private readonly server: http.Server;

  constructor(server: http.Server) {
    this.server = server;
  }

  static async start(application: Application, options: Options): Promise<Listening> {
    const server = await application(options);
    if (!server.listening) await once(server.listen(0), 'listening');
    return new Listening(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The answer to one request, its head in lower case. */
  async ask(target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    const all = { Host: `localhost:${this.port}`, Connection: 'close', ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return await this.send(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** The beginning of an answer that goes on, as soon as it has what is looked for. */
  async open(target: string, accept: string, until: string): Promise<string> {
    const socket = net.connect(this.port).setEncoding('utf8');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) {
      text += chunk;
      if (text.includes(until)) break;
    }
    return text;
  }

  async send(text: string): Promise<Answer> {
    const socket = net.connect(this.port);
    socket.on('error', () => {}); // a server may close on what it does not want to read to the end
    socket.write(Buffer.from(text, 'latin1'));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await new Promise((resolve) => socket.once('close', resolve));
    const whole = Buffer.concat(chunks).toString();
    const end = whole.indexOf('\r\n\r\n');
    const head = whole.slice(0, end).toLowerCase();
    return { status: Number(head.split(' ', 2)[1]), head, body: whole.slice(end + 4) };
  }
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}
