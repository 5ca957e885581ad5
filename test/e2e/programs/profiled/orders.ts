// A program in TypeScript, with types that a compiler takes away: lines of what runs are others than these.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { newProfile } from '@sonde/runtime';

interface Order {
  readonly id: number;
  readonly lines: readonly string[];
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const kept: Order[] = [];
const open = newProfile('shop.connections');

function priceOrder(_request: IncomingMessage, response: ServerResponse): void {
  const until = performance.now() + 20;
  let price = 0;
  while (performance.now() < until) for (let i = 0; i < 10_000; i++) price += Math.sqrt(i); // the hot line
  response.end(`${price}`);
}

function taxOrder(response: ServerResponse): void {
  const until = performance.now() + 20;
  let tax = 0;
  while (performance.now() < until) for (let i = 0; i < 10_000; i++) tax += Math.cbrt(i);
  response.end(`${tax}`);
}

function keepOrders(): void {
  for (let id = 0; id < 2_000; id++)
    kept.push({ id, lines: Array.from({ length: 20 }, (_, i) => `${id}-${i}`) }); // the leak
}

function connect(): void {
  open.add({});
}

const handlers: Readonly<Record<string, Handler>> = {
  '/price': priceOrder,
  '/tax': (_request, response) => void setTimeout(taxOrder, 1, response),
  '/keep': (_request, response) => {
    keepOrders();
    response.end(`${kept.length}`);
  },
  '/connect': (_request, response) => {
    connect();
    response.end();
  },
};

createServer((request, response) => {
  const handler = handlers[request.url ?? ''] ?? ((_, response) => void response.end());
  handler(request, response);
}).listen(0, '127.0.0.1', function (this: import('node:http').Server) {
  console.log(`listening on ${(this.address() as import('node:net').AddressInfo).port}`);
});
