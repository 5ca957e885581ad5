import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Exchange } from './exchange.ts';
import { type ServerAddress, serverAddressOf } from './server-address.ts';

/** What all requests of one connection have in common, and those whose responses it still owes. */
export class ServerConnection {
  readonly scheme: 'http' | 'https';
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  private host: string | undefined = undefined;
  private address: ServerAddress = serverAddressOf(undefined);
  private first: Exchange | undefined = undefined;

  constructor(socket: Socket) {
    this.scheme = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http';
    this.peerAddress = socket.remoteAddress;
    this.peerPort = socket.remotePort;
  }

  /** A client asks for the same host over one connection, as a rule. */
  serverAddress(host: string | undefined): ServerAddress {
    if (host !== this.host) {
      this.host = host;
      this.address = serverAddressOf(host);
    }
    return this.address;
  }

  owe(exchange: Exchange): void {
    if (this.first === undefined) {
      this.first = exchange;
      return;
    }
    let last = this.first;
    while (last.next !== undefined) last = last.next;
    last.next = exchange;
  }

  /**
   * Whether it was owed. Responses leave in the order of their requests, unless a handler takes one off its connection.
   */
  settle(exchange: Exchange): boolean {
    if (this.first === exchange) {
      this.first = exchange.next;
    } else {
      let before = this.first;
      while (before !== undefined && before.next !== exchange) before = before.next;
      if (before === undefined) return false;
      before.next = exchange.next;
    }
    // Whoever still holds it must not hold all that came after it.
    exchange.next = undefined;
    return true;
  }

  /** All that are owed, and no longer. */
  *takeOwed(): Generator<Exchange> {
    for (let exchange = this.first; exchange !== undefined; exchange = this.first) {
      this.first = exchange.next;
      exchange.next = undefined;
      yield exchange;
    }
  }
}
