import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { OutgoingRequest } from './client-trace.ts';
import { type Pool, PoolMember, Pools } from './pools.ts';

const request = (host: string, client: OutgoingRequest['client'] = 'http'): OutgoingRequest => ({
  client,
  attempt: 1,
  method: 'GET',
  protocol: 'http:',
  host,
  port: 80,
  path: '/',
  getHeader: () => undefined,
  setHeader: () => false,
});
const counts = ({ idle, active, connecting, requests, dialed, failed, reused }: Pool) => ({
  idle,
  active,
  connecting,
  requests,
  dialed,
  failed,
  reused,
});
const nothing = { idle: 0, active: 0, connecting: 0, requests: 0, dialed: 0, failed: 0, reused: 0 };

describe('pools', () => {
  it('are told apart by client and origin', () => {
    const pools = new Pools();
    expect(pools.of(request('a.test'))).toBe(pools.of(request('a.test')));
    expect(pools.of(request('a.test'))).not.toBe(pools.of(request('b.test')));
    expect(pools.of(request('a.test'))).not.toBe(pools.of(request('a.test', 'undici')));
    expect(pools.all.map(({ client, origin }) => [client, origin])).toEqual([
      ['http', 'http://a.test'],
      ['http', 'http://b.test'],
      ['undici', 'http://a.test'],
    ]);
  });

  it('are 200: then an empty one makes room, and its totals go to the others', () => {
    const pools = new Pools();
    for (let i = 0; i < 200; i++) {
      const pool = pools.of(request(`${i}.test`));
      pool.dialed = 1;
      pool.idle = i === 7 ? 0 : 1;
    }
    expect(pools.of(request('new.test')).origin).toBe('http://new.test');
    expect(pools.all).toHaveLength(201);
    expect(pools.all.map(({ origin }) => origin)).not.toContain('http://7.test');
    expect(pools.all.at(-1)).toMatchObject({ origin: 'others', dialed: 1, idle: 0 });
  });

  it('are 200: when none is empty, further origins share one', () => {
    const pools = new Pools();
    for (let i = 0; i < 200; i++) pools.of(request(`${i}.test`)).waiting = 1;
    expect(pools.of(request('new.test')).origin).toBe('others');
    expect(pools.of(request('newer.test'))).toBe(pools.of(request('new.test')));
    expect(pools.of(request('0.test')).origin).toBe('http://0.test');
  });
});

describe('a connection is counted', () => {
  const joined = (ready = false, dialed = true): { member: PoolMember; pool: Pool; socket: Socket } => {
    const pool = new Pools().of(request('a.test'));
    const member = new PoolMember();
    const socket = new Socket();
    member.join(pool, socket, ready, dialed);
    return { member, pool, socket };
  };

  it('as connecting, active, idle and no more', () => {
    const { member, pool, socket } = joined();
    expect(counts(pool)).toEqual({ ...nothing, connecting: 1, dialed: 1 });
    member.connected();
    expect(counts(pool)).toEqual({ ...nothing, idle: 1, dialed: 1 });
    member.take(false);
    expect(counts(pool)).toEqual({ ...nothing, active: 1, requests: 1, dialed: 1 });
    member.giveBack(true);
    expect(counts(pool)).toEqual({ ...nothing, idle: 1, dialed: 1 });
    member.take(true);
    member.giveBack(true);
    socket.emit('close');
    expect(counts(pool)).toEqual({ ...nothing, dialed: 1, reused: 1 });
  });

  it('once with several requests', () => {
    const { member, pool } = joined();
    member.take(false);
    member.take(true);
    expect(counts(pool)).toEqual({ ...nothing, active: 1, requests: 2, dialed: 1, reused: 1 });
    member.giveBack(false);
    expect(counts(pool)).toEqual({ ...nothing, active: 1, requests: 1, dialed: 1, reused: 1 });
  });

  it('no longer, when its request ends after it was closed', () => {
    const { member, pool, socket } = joined();
    member.take(false);
    socket.emit('close');
    member.giveBack(true);
    expect(counts(pool)).toEqual({ ...nothing, dialed: 1 });
  });

  it('as failed once', () => {
    const { member, pool, socket } = joined();
    member.fail();
    member.fail();
    member.failedFor(pool);
    socket.emit('close');
    expect(counts(pool)).toEqual({ ...nothing, dialed: 1, failed: 1 });
  });

  it('as not dialed, when it was found', () => {
    const { pool } = joined(true, false);
    expect(counts(pool)).toEqual({ ...nothing, idle: 1 });
  });

  it('once, however often it is joined, and anew in the pools of another installation', () => {
    const { member, pool, socket } = joined(true);
    member.join(pool, socket, true, true);
    expect(counts(pool)).toEqual({ ...nothing, idle: 1, dialed: 1 });
    const next = new Pools().of(request('a.test'));
    member.join(next, socket, true, false);
    expect(counts(next)).toEqual({ ...nothing, idle: 1 });
    expect(counts(pool)).toEqual({ ...nothing, dialed: 1 });
    expect(socket.listenerCount('close')).toBe(1);
  });

  it('not at all, when it is closed already', () => {
    const pool = new Pools().of(request('a.test'));
    const socket = new Socket().destroy();
    new PoolMember().join(pool, socket, true, true);
    expect(counts(pool)).toEqual(nothing);
  });
});
