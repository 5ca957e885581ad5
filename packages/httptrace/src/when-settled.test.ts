import { describe, expect, it } from 'vitest';
import { whenSettled } from './when-settled.ts';

/** What `settled` was told, call by call. */
function noting() {
  const told: unknown[] = [];
  return { told, settled: (reason?: unknown) => void told.push(reason) };
}

type Ok = (value: unknown) => unknown;
type No = (error: unknown) => unknown;
type Then = (ok: Ok, no: No) => unknown;
const thenable = (then: Then): PromiseLike<unknown> => ({ then }) as PromiseLike<unknown>;

const error = new Error('no');

describe('what settles', () => {
  it.each<[string, unknown]>([
    ['a number', 1],
    ['nothing', undefined],
    ['null', null],
    ['an object whose then is no function', Object.fromEntries([['then', 'later']])],
    [
      'a Proxy that refuses unknown names',
      new Proxy(
        {},
        {
          get() {
            throw new Error('unknown name');
          },
        },
      ),
    ],
  ])('is at once %s, and stays what it is', (_name, value) => {
    const { told, settled } = noting();
    expect(whenSettled(value, settled)).toBe(value);
    expect(told).toEqual([undefined]);
  });

  it('is a promise later, with what it was rejected with', async () => {
    const { told, settled } = noting();
    const good = whenSettled(Promise.resolve('value'), settled);
    const bad = whenSettled(Promise.reject(error), settled);
    expect(told).toEqual([]);
    await expect(good).resolves.toBe('value');
    await expect(bad).rejects.toBe(error);
    expect(told).toEqual([undefined, error]);
  });
});

describe('a promise with members of its own', () => {
  class Cancelable extends Promise<string> {
    cancel(): string {
      return 'canceled';
    }
  }
  const decorated = (promise: Promise<string>) => Object.assign(promise, { json: () => 'json' });

  it.each<[string, (promise: Promise<string>) => Promise<string>]>([
    ['of its class', (promise) => new Cancelable((...settle) => void promise.then(...settle))],
    ['put on it', decorated],
  ])('%s is given back itself, when it is fulfilled and when it is rejected', async (_name, make) => {
    const { told, settled } = noting();
    const good = make(Promise.resolve('value'));
    const bad = make(Promise.reject(error));
    expect(whenSettled(good, settled)).toBe(good);
    expect(whenSettled(bad, settled)).toBe(bad);
    await expect(good).resolves.toBe('value');
    await expect(bad).rejects.toBe(error);
    expect(told).toEqual([undefined, error]);
  });

  it('is none for a symbol, as Node puts its own on promises', async () => {
    const promise = Object.assign(Promise.reject(error), { [Symbol('async id')]: 1 });
    promise.catch(() => {});
    const answered = whenSettled(promise, () => {});
    expect(answered).not.toBe(promise);
    await expect(answered).rejects.toBe(error);
  });
});

describe('a thenable', () => {
  it('is begun once, here', async () => {
    let runs = 0;
    const { told, settled } = noting();
    const query = thenable((ok) => {
      runs++;
      return Promise.resolve('row').then(ok);
    });
    const answered = whenSettled(query, settled);
    expect(runs).toBe(1);
    expect(await answered).toBe('row');
    expect(runs).toBe(1);
    expect(told).toEqual([undefined]);
  });

  it.each<[string, (use: (ok: Ok, no: No) => unknown) => Then]>([
    ['answers nothing', (use) => (ok, no) => void setImmediate(() => use(ok, no))],
    ['answers nothing and settles at once', (use) => (ok, no) => void use(ok, no)],
    ['answers a promise of what its callback answers', (use) => (ok, no) => Promise.resolve(use(ok, no))],
    [
      'answers a promise',
      (use) => (ok, no) =>
        new Promise((...settle) => {
          use(...settle);
        }).then(ok, no),
    ],
  ])('whose then %s hands its outcome on', async (_name, make) => {
    const { told, settled } = noting();
    await expect(Promise.resolve(whenSettled(thenable(make((ok) => ok('value'))), settled))).resolves.toBe(
      'value',
    );
    await expect(Promise.resolve(whenSettled(thenable(make((_ok, no) => no(error))), settled))).rejects.toBe(
      error,
    );
    expect(told).toEqual([undefined, error]);
  });
});
