import { errorMonitor } from 'node:events';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Conn, Facts, GotConnInfo, HookName } from './client-trace.ts';
import { hostPort } from './host-port.ts';
import { type Pool, PoolMember } from './pools.ts';
import { guarded } from './report.ts';
import { synchronousRun } from './synchronous-run.ts';

/** The socket carries its record: it must be found through proxies and by two copies of this package. */
const RECORD = Symbol.for('sonde.httptrace.connection.v1');
type Recorded = Socket & { [RECORD]?: Connection };
/** Private to Node: what TLS stands on, where `tls.connect` could not be seen: of modules that import it by name. */
type Within = Socket & { _parent?: unknown };

/** A request, as far as its connection has to do with it. */
export interface ConnectionUser {
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** The synchronous run in which it was created, if anything was dialed in it before. */
  readonly startedIn: number | undefined;
  /** `host:port` of the request itself, whatever stands between. */
  readonly target: string;
  readonly ended: boolean;
  /** Where its connection is counted. */
  readonly pool: Pool | undefined;
  connection: Connection | undefined;
  call<H extends HookName>(hook: H, facts: Facts<H>): void;
  /** The connection is ready for it. */
  gotConn(connection: Connection): void;
}

/** The phases of a dial, the only hooks that a connection reports. A proxy's tunnel is a part of it. */
type DialHook =
  | 'dnsStart'
  | 'dnsDone'
  | 'connectStart'
  | 'connectDone'
  | 'tlsHandshakeStart'
  | 'tlsHandshakeDone'
  | 'proxyConnectStart'
  | 'proxyConnectDone';

interface Phase<H extends DialHook = DialHook> {
  readonly hook: H;
  readonly facts: Facts<H>;
}

/** What is not known is absent. */
type Addresses = Pick<GotConnInfo, 'remoteAddress' | 'remotePort' | 'localPort'>;

/** Dials that failed, by their error: clients hand the same object on to the request that waited for the dial. */
const failedDials = new WeakMap<Error, Connection>();

/** Node tries each address once; a name with more than these many is cut in what is told, not in what is tried. */
const MAX_PHASES = 64;

/** The target of a tunnel of which only the request that uses it knows where it leads. */
const REQUESTS_OWN = '';

let counted = 0;

/**
 * A socket that a client dialed, or that was there before we looked. It notes the phases of its dial with their
 * true times, tells them live to the request it is dialed for when that is known, and afterwards to the request
 * that uses it first. A connection that nobody uses is told to nobody.
 */
export class Connection implements Conn {
  readonly id: number = ++counted;
  readonly socket: Socket;
  /** When it last became free; `undefined` while it is in use and before its first use. */
  idleSince: number | undefined;
  /** Set by whoever knows: HTTP/2 in the clear is negotiated nowhere. */
  http2 = false;
  private ready: boolean;
  /** When its dial was done, of one that we saw. */
  private readyAt: number | undefined;
  private uses = 0;
  /** How many requests have it now; more than one on HTTP/2. */
  private users = 0;
  /** The request that the phases are told to as they happen. */
  private owner: ConnectionUser | undefined;
  /** Those that have it once it is ready: one, or on HTTP/2 several, in the order in which they came. */
  private readonly waiting = new Set<ConnectionUser>();
  private phases: Phase[] = [];
  private member = new PoolMember();

  private known: Addresses | undefined;

  private begun = { at: performance.now(), run: synchronousRun() };
  private dns: 'unknown' | 'running' | 'done' = 'unknown';
  private addrs: string[] = [];
  private lookedUpAt = 0;
  private attempt: { readonly network: 'tcp' | 'unix'; readonly addr: string } | undefined;
  private handshaking = false;
  private tunnel: { readonly target: string; open: boolean } | undefined;

  private constructor(socket: Socket, ready: boolean) {
    this.socket = socket;
    this.ready = ready;
  }

  /** The record of a socket; a socket dialed before the sources were installed gets one now. */
  static of(socket: Socket): Connection {
    const recorded = socket as Recorded;
    if (recorded[RECORD] === undefined) {
      const { secureConnecting } = socket as TLSSocket & { secureConnecting?: boolean };
      const connection = new Connection(socket, !socket.connecting && !secureConnecting);
      recorded[RECORD] = connection;
      // TLS over a connection that was there before: a tunnel through a proxy.
      if (!socket.connecting && secureConnecting) {
        connection.handshakeStart();
        const { _parent: carrier } = socket as Within;
        if (carrier instanceof Socket) connection.inherit(carrier);
      }
      if (!connection.ready) connection.watch();
    }
    return recorded[RECORD];
  }

  /** Called in the tick in which the socket begins to connect. */
  static dialed(socket: Socket, owner: ConnectionUser | undefined): Connection {
    const recorded = socket as Recorded;
    const connection = new Connection(socket, false);
    connection.owner = owner;
    connection.member.join(owner?.pool, socket, false, true);
    recorded[RECORD] = connection;
    connection.watch();
    return connection;
  }

  /**
   * TLS inside `carrier`, a connection that was made before: what it took to make that is a part of this one's dial.
   * A socket that still connects tells its own story.
   */
  static within(carrier: Socket, socket: TLSSocket): void {
    if (carrier.connecting) return;
    (carrier as Recorded)[RECORD]?.proxyConnectDone(200);
    Connection.of(socket).inherit(carrier);
  }

  private inherit(carrier: Socket): void {
    const outer = (carrier as Recorded)[RECORD];
    if (outer === undefined || outer.uses > 0) return;
    this.begun = outer.begun;
    this.owner = outer.owner;
    this.member = outer.member;
    outer.member = new PoolMember();
    outer.inferTunnel(this.phases[0]?.facts.time ?? performance.now());
    // The handshake's start was noted first, and told to nobody yet.
    const started = this.phases;
    this.phases = [...outer.phases];
    for (const { hook, facts } of started) this.tell(hook, facts);
    outer.use();
  }

  /**
   * An agent that writes its CONNECT (or SOCKS) to the socket itself tells nobody. But it writes once the proxy is
   * connected, and begins TLS once the tunnel is there; what else is written before TLS can only be such a request.
   */
  private inferTunnel(until: number): void {
    if (this.tunnel !== undefined || this.readyAt === undefined || !this.hasCarried()) return;
    this.tunnel = { target: REQUESTS_OWN, open: true };
    const facts = { target: REQUESTS_OWN, approximate: true } as const;
    this.tell('proxyConnectStart', { ...facts, time: this.readyAt });
    this.tell('proxyConnectDone', { ...facts, time: until });
  }

  /**
   * Its client has it, and writes to it from now on. What was written before is how its connector asked a proxy for a
   * tunnel (SOCKS).
   */
  handedOver(): void {
    if (this.uses === 0) this.inferTunnel(performance.now());
  }

  get dialedAt(): number {
    return this.begun.at;
  }

  /** Both ends of it; read when it is ready, and kept: a request later they are the same. */
  get addresses(): Addresses {
    this.known ??= addressesOf(this.socket);
    return this.known;
  }

  get protocol(): Conn['protocol'] {
    return this.http2 || (this.socket as Partial<TLSSocket>).alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
  }

  /** How many requests have it now. */
  get inUse(): number {
    return this.users;
  }

  get reused(): boolean {
    return this.uses > 0;
  }

  /**
   * Gives the connection to a request: at once if it is ready, else when it is. Phases that the request has not
   * been told are told now; `late` when it did not wait for this dial from its start. `usedBefore` says that somebody
   * who was not traced has used it.
   */
  assign(request: ConnectionUser, usedBefore?: boolean): void {
    if (request.ended) return;
    request.connection?.release(request);
    request.connection = this;
    if (this.uses === 0 && (usedBefore ?? this.hasCarried())) this.use();
    this.member.join(request.pool, this.socket, this.ready, this.uses === 0);
    this.proxyConnectDone(200);
    // Of several streams that wait for one dial, it is the first one's.
    if (this.waiting.size === 0) this.adopt(request);
    if (this.ready) this.hand(request);
    else this.waiting.add(request);
  }

  /** A client assigns a fresh connection before it writes; but HTTP/2 and tunnels begin to speak when they are connected. */
  private hasCarried(): boolean {
    return this.protocol !== 'h2' && this.tunnel === undefined && this.socket.bytesWritten > 0;
  }

  /** From now on the dial is told to `request`; what it was not told, it is told now. */
  private adopt(request: ConnectionUser): void {
    if (this.uses > 0 || this.owner === request) return;
    const before = this.begun.at < request.startedAt && this.begun.run !== request.startedIn;
    this.tellAll(request, this.ready || before);
    this.owner = request;
  }

  /** A proxy at the other end is asked for a tunnel, on behalf of `request` if that is known. */
  proxyConnectStart(target: string, request: ConnectionUser | undefined): void {
    if (request !== undefined && !request.ended) this.adopt(request);
    this.tunnel = { target, open: false };
    this.tell('proxyConnectStart', { time: performance.now(), target });
  }

  /** The proxy has answered, or will not any more. The first call counts; without a tunnel none does. */
  proxyConnectDone(statusCode: number | undefined, err?: Error): void {
    if (this.tunnel === undefined || this.tunnel.open) return;
    this.tunnel.open = true;
    this.tell('proxyConnectDone', {
      time: performance.now(),
      target: this.tunnel.target,
      ...(statusCode === undefined ? {} : { statusCode }),
      ...(err === undefined ? {} : { err }),
    });
  }

  /** Tells the phases of the dial that failed with `error` to the request that failed with it, or because of it. */
  static blame(request: ConnectionUser, error: Error): void {
    const connection = failedDials.get(error) ?? failedDials.get(error.cause as Error);
    if (connection === undefined || connection.owner === request) return;
    connection.member.failedFor(request.pool);
    connection.tellAll(request, true);
  }

  /** The request no longer has it, or no longer waits for it. */
  release(request: ConnectionUser): void {
    if (this.owner === request) this.owner = undefined;
    if (this.waiting.delete(request)) {
      const [next] = this.waiting;
      if (next !== undefined && this.owner === undefined) this.adopt(next);
    } else {
      this.users--;
      this.member.giveBack(this.users === 0);
      if (this.users === 0) this.idleSince = performance.now();
    }
  }

  private hand(request: ConnectionUser): void {
    this.member.take(this.reused);
    request.gotConn(this);
    this.use();
    this.users++;
    this.idleSince = undefined;
  }

  /** From now on, the dial is nobody's business. */
  private use(): void {
    this.uses++;
    this.owner = undefined;
    this.phases = [];
  }

  // ---- the dial --------------------------------------------------------------------------------------------

  /**
   * The phases so far. Node announces a request a moment after it has dialed for it, and no phase of a request's
   * own dial should seem to be older than the request.
   */
  private tellAll(request: ConnectionUser, late: boolean): void {
    for (const { hook, facts } of this.phases) {
      const told = ofRequest(request, facts);
      request.call(
        hook,
        late ? { ...told, late } : { ...told, time: Math.max(told.time, request.startedAt) },
      );
    }
  }

  private tell<H extends DialHook>(hook: H, facts: Facts<H>): void {
    if (this.phases.length < MAX_PHASES) this.phases.push({ hook, facts } as Phase);
    if (this.owner !== undefined) this.owner.call<HookName>(hook, ofRequest(this.owner, facts));
  }

  private watch(): void {
    const { socket } = this;
    const undo: (() => void)[] = [];
    const on = (event: string | symbol, note: (...args: never[]) => void): void => {
      const listener = guarded(`the note of a socket's ${String(event)}`, note) as () => void;
      socket.on(event as string, listener);
      undo.push(() => socket.off(event as string, listener));
    };
    const stop = (): void => {
      for (const off of undo) off();
    };
    on('lookup', (error: Error | null, address: string, _family: number, host: string) => {
      this.onLookup(error, address, host);
    });
    on('connectionAttempt', (address: string, port?: number) => this.onAttempt(address, port));
    on('connectionAttemptFailed', (address: string, port: number, _family: number, error: Error) => {
      this.attemptDone(hostPort(address, port), error);
    });
    on('connectionAttemptTimeout', (address: string, port: number) => {
      this.attemptDone(hostPort(address, port), timedOut(address, port));
    });
    on('connect', () => {
      this.onConnect();
      if (this.ready) stop();
    });
    on('secureConnect', () => {
      this.onSecureConnect();
      stop();
    });
    on(errorMonitor, (error: Error) => this.onFailure(error));
    on('close', () => {
      this.onFailure(new Error('the socket was closed while it connected'));
      stop();
    });
    // The name to look up is known once connect() has returned, and the client has its own ticks queued behind.
    const noteHost = (): void => {
      const host = (socket as Socket & { _host?: string | null })._host;
      if (typeof host === 'string') this.dnsStart(host);
    };
    process.nextTick(guarded('the note of a host', noteHost));
  }

  private dnsStart(host: string): void {
    if (this.dns !== 'unknown' || this.attempt !== undefined || this.ready) return;
    this.dns = 'running';
    this.tell('dnsStart', { time: this.begun.at, host });
  }

  /** Comes once for each address. */
  private onLookup(error: Error | null, address: string, host: string): void {
    this.dnsStart(host);
    this.lookedUpAt = performance.now();
    if (error) this.dnsDone(error);
    else if (address && !this.addrs.includes(address)) this.addrs.push(address);
  }

  private dnsDone(err?: Error): void {
    if (this.dns !== 'running') return;
    this.dns = 'done';
    const time = this.lookedUpAt || performance.now();
    this.tell('dnsDone', {
      time,
      addrs: this.addrs,
      coalesced: false,
      ...(err === undefined ? {} : { err }),
    });
  }

  /** Of a unix socket the address is its path, and there is no port. */
  private onAttempt(address: string, port: number | undefined): void {
    this.dnsDone();
    this.attempt =
      port === undefined
        ? { network: 'unix', addr: address }
        : { network: 'tcp', addr: hostPort(address, port) };
    this.tell('connectStart', { time: performance.now(), ...this.attempt });
  }

  private attemptDone(addr: string, err?: Error): void {
    if (this.attempt?.addr !== addr) return;
    this.tell('connectDone', {
      time: performance.now(),
      ...this.attempt,
      ...(err === undefined ? {} : { err }),
    });
    this.attempt = undefined;
  }

  private onConnect(): void {
    if (this.attempt === undefined) {
      // Of a dial that was under way before we looked, Node tells only that it is done.
      const { remoteAddress = '', remotePort = 0 } = this.socket;
      this.attempt = { network: 'tcp', addr: hostPort(remoteAddress, remotePort) };
      this.tell('connectStart', { time: this.begun.at, ...this.attempt });
    }
    this.attemptDone(this.attempt.addr);
    if ((this.socket as Partial<TLSSocket>).encrypted) this.handshakeStart();
    else this.becomeReady();
  }

  private handshakeStart(): void {
    this.handshaking = true;
    this.tell('tlsHandshakeStart', { time: performance.now() });
  }

  private onSecureConnect(): void {
    const socket = this.socket as TLSSocket;
    this.handshaking = false;
    this.tell('tlsHandshakeDone', {
      time: performance.now(),
      state: {
        version: socket.getProtocol() ?? '',
        cipherSuite: socket.getCipher()?.standardName ?? '',
        negotiatedProtocol: socket.alpnProtocol || '',
        didResume: socket.isSessionReused(),
        authorized: socket.authorized,
      },
    });
    this.becomeReady();
  }

  private becomeReady(): void {
    this.ready = true;
    this.readyAt = performance.now();
    this.member.connected();
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const request of waiting) this.hand(request);
  }

  /** Closes whatever phase was open; the client reports the failure of the request itself. */
  private onFailure(error: Error): void {
    if (this.ready) return;
    this.member.fail();
    if (error instanceof Error) failedDials.set(error, this);
    this.dnsDone(error);
    if (this.attempt !== undefined) this.attemptDone(this.attempt.addr, error);
    if (this.handshaking) {
      this.handshaking = false;
      this.tell('tlsHandshakeDone', { time: performance.now(), err: error });
    }
  }
}

function ofRequest<F extends object>(request: ConnectionUser, facts: F & { target?: string }): F {
  return facts.target === REQUESTS_OWN ? { ...facts, target: request.target } : facts;
}

function addressesOf({ remoteAddress, remotePort, localPort }: Socket): Addresses {
  return {
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(remotePort === undefined ? {} : { remotePort }),
    ...(localPort === undefined ? {} : { localPort }),
  };
}

function timedOut(address: string, port: number): Error {
  const error = new Error(`no connection to ${hostPort(address, port)} in time, trying the next address`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}
