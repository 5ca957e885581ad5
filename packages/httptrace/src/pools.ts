import type { Socket } from 'node:net';
import type { OutgoingRequest } from './client-trace.ts';
import { urlOf } from './host-port.ts';
import { registry } from './registry.ts';

/** The connections of one client to one origin. */
export interface ConnectionPool {
  readonly client: OutgoingRequest['client'];
  /** E.g. `https://example.com:8443`; `others` for those of all origins that are too many to be told apart. */
  readonly origin: string;
  /** Connections that are there: `idle` and `active`. */
  readonly open: number;
  readonly idle: number;
  readonly active: number;
  /** Connections on their way. */
  readonly connecting: number;
  /** Requests that have a connection: more than `active` where HTTP/2 carries several at once. */
  readonly requests: number;
  /** Requests that have none yet. */
  readonly waiting: number;
  /** How many connections were begun so far, those that failed among them. */
  readonly dialed: number;
  readonly failed: number;
  /** How many requests so far were given a connection that others had used before. */
  readonly reused: number;
}

export interface ConnectionPools {
  /** Since when it is counted, in milliseconds of the Unix epoch; absent when nothing is. */
  readonly since?: number;
  /** In the order in which they were first seen. */
  readonly pools: readonly ConnectionPool[];
}

/** Origins beyond these share one entry, unless one before them has neither connections nor requests any more. */
const MAX_POOLS = 200;

/**
 * The connections of this process's HTTP clients by client and origin, as counts for a page or a metric.
 *
 * Counted is what hooks saw: requests that a trace watches, and their connections, since hooks were installed.
 * `addGlobalClientTrace` watches all; without any trace nothing is counted, and the counts end with the last one. A
 * connection that no request was given yet (undici dials ahead now and then) is in no count.
 *
 * Go has been asked for it since 2015 (golang/go#12580, #61638); `sql.DB.Stats()` is its like.
 */
export function connectionPools(): ConnectionPools {
  const { pools } = registry();
  if (pools === undefined) return { pools: [] };
  return {
    since: pools.since,
    pools: pools.all.map((pool) => ({
      client: pool.client,
      origin: pool.origin,
      open: pool.idle + pool.active,
      idle: pool.idle,
      active: pool.active,
      connecting: pool.connecting,
      requests: pool.requests,
      waiting: pool.waiting,
      dialed: pool.dialed,
      failed: pool.failed,
      reused: pool.reused,
    })),
  };
}

/** The counts of one client and origin. */
export class Pool {
  readonly home: Pools;
  readonly client: OutgoingRequest['client'];
  readonly origin: string;
  idle = 0;
  active = 0;
  connecting = 0;
  requests = 0;
  waiting = 0;
  dialed = 0;
  failed = 0;
  reused = 0;

  constructor(home: Pools, client: OutgoingRequest['client'], origin: string) {
    this.home = home;
    this.client = client;
    this.origin = origin;
  }

  get empty(): boolean {
    return this.idle + this.active + this.connecting + this.requests + this.waiting === 0;
  }

  /** Takes over what is counted for good. */
  addTotals({ dialed, failed, reused }: Pool): void {
    this.dialed += dialed;
    this.failed += failed;
    this.reused += reused;
  }
}

/** Lives as long as the hooks are installed. */
export class Pools {
  readonly since: number = Date.now();
  private readonly pools = new Map<string, Pool>();
  private readonly others = new Map<string, Pool>();
  private last: Found | undefined;

  get all(): Pool[] {
    return [...this.pools.values(), ...this.others.values()];
  }

  /** A busy client asks one origin many times in a row, and is not made to write its name each time. */
  of(req: OutgoingRequest): Pool {
    if (this.last === undefined || !isTo(this.last, req)) this.last = this.find(req);
    return this.last.pool;
  }

  private find({ client, protocol, host, port }: OutgoingRequest): Found {
    const key = `${client} ${protocol}//${host}:${port}`;
    const pool = this.pools.get(key) ?? this.add(key, client, urlOf({ protocol, host, port, path: '' }));
    return { client, protocol, host, port, pool };
  }

  private add(key: string, client: OutgoingRequest['client'], origin: string): Pool {
    if (this.pools.size >= MAX_POOLS && !this.forgetOne()) return this.othersOf(client);
    const pool = new Pool(this, client, origin);
    this.pools.set(key, pool);
    return pool;
  }

  private forgetOne(): boolean {
    for (const [key, pool] of this.pools) {
      if (!pool.empty) continue;
      this.pools.delete(key);
      this.othersOf(pool.client).addTotals(pool);
      return true;
    }
    return false;
  }

  private othersOf(client: OutgoingRequest['client']): Pool {
    let others = this.others.get(client);
    if (others === undefined) {
      others = new Pool(this, client, 'others');
      this.others.set(client, others);
    }
    return others;
  }
}

/** The pool that was asked for last, and by whom. No request is held. */
type Found = Pick<OutgoingRequest, 'client' | 'protocol' | 'host' | 'port'> & { readonly pool: Pool };

function isTo(found: Found, { client, protocol, host, port }: OutgoingRequest): boolean {
  return found.client === client && found.port === port && found.host === host && found.protocol === protocol;
}

/** Where one connection is counted: in the pool of the request that first waits for it, or has it. */
export class PoolMember {
  private pool: Pool | undefined;
  private state: 'unknown' | 'connecting' | 'idle' | 'active' | 'gone' = 'unknown';

  /** `dialed`: whether it was seen to be made, rather than found. */
  join(pool: Pool | undefined, socket: Socket, ready: boolean, dialed: boolean): void {
    if (pool === undefined || this.pool?.home === pool.home || socket.destroyed) return;
    if (this.pool === undefined) socket.once('close', () => this.become('gone'));
    // Counted anew, when hooks are installed again.
    else this.become('unknown');
    this.pool = pool;
    if (dialed) pool.dialed++;
    this.become(ready ? 'idle' : 'connecting');
  }

  /** A request has it. */
  take(reused: boolean): void {
    if (this.pool === undefined) return;
    this.pool.requests++;
    if (reused) this.pool.reused++;
    this.become('active');
  }

  /** A request no longer has it; when it was the last one, the connection is idle. */
  giveBack(last: boolean): void {
    if (this.pool === undefined) return;
    this.pool.requests--;
    if (last) this.become('idle');
  }

  connected(): void {
    if (this.state === 'connecting') this.become('idle');
  }

  /** It was known only afterwards who waited for it. */
  failedFor(pool: Pool | undefined): void {
    if (pool === undefined || this.pool !== undefined) return;
    this.pool = pool;
    this.state = 'gone';
    pool.dialed++;
    pool.failed++;
  }

  fail(): void {
    if (this.state !== 'connecting') return;
    if (this.pool !== undefined) this.pool.failed++;
    this.become('gone');
  }

  private become(state: PoolMember['state']): void {
    const { pool } = this;
    if (pool === undefined || this.state === 'gone') return;
    if (this.state !== 'unknown') pool[this.state]--;
    this.state = state;
    if (state !== 'unknown' && state !== 'gone') pool[state]++;
  }
}
