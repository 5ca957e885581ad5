import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type AccessOptions, accessRule, canBeAsked, type Visitor } from './access.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Why a visitor may not look; `undefined` when he may. */
function refusalOf(visitor: Omit<Visitor, 'host'>, options: AccessOptions<undefined>): string | undefined {
  const access = accessRule(options)({ ...visitor, host: visitor.headers.host, asking: undefined });
  return typeof access === 'string' ? access : undefined;
}

const local = { peer: '127.0.0.1', headers: { host: 'localhost:3000' } };

describe('who may look', () => {
  it.each([
    ['the machine itself', local],
    ['any loopback address', { ...local, peer: '127.8.9.10' }],
    ['loopback over IPv6', { ...local, peer: '::1' }],
    ['loopback as a dual-stack listener tells it', { ...local, peer: '::ffff:127.0.0.1' }],
    ['a unix socket', { ...local, peer: 'unix' }],
    ['a Host without port', { ...local, headers: { host: 'localhost' } }],
    ['a Host in capitals', { ...local, headers: { host: 'LocalHost:3000' } }],
    ['an address as Host', { ...local, headers: { host: '127.0.0.1:3000' } }],
    ['an IPv6 address as Host', { ...local, headers: { host: '[::1]:3000' } }],
    [
      'a browser that was sent here by a link',
      {
        ...local,
        headers: { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      },
    ],
    [
      'a page of the same site',
      { ...local, headers: { host: 'localhost', 'sec-fetch-site': 'same-origin' } },
    ],
    ['an address that was typed', { ...local, headers: { host: 'localhost', 'sec-fetch-site': 'none' } }],
    [
      'a script of the page itself, which may say so',
      { ...local, headers: { host: 'localhost:3000', origin: 'http://localhost:3000' } },
    ],
  ])('%s', (_name, visitor) => {
    expect(refusalOf(visitor, {})).toBeUndefined();
  });
});

describe('who may not, and why', () => {
  it.each([
    ['another machine', { ...local, peer: '192.168.0.7' }, 'another machine'],
    ['another machine that maps to IPv6', { ...local, peer: '::ffff:10.0.0.1' }, 'another machine'],
    ['an address that begins like loopback', { ...local, peer: '127.0.0.1.evil' }, 'another machine'],
    ['an unknown peer', { ...local, peer: undefined }, 'not known where'],
    [
      'a name that points here (DNS rebinding)',
      { ...local, headers: { host: 'evil.example' } },
      'Host header',
    ],
    [
      'a name that begins like localhost',
      { ...local, headers: { host: 'localhost.evil.example' } },
      'Host header',
    ],
    ['a name that ends like localhost', { ...local, headers: { host: 'evil-localhost' } }, 'Host header'],
    ['a Host with a user in it', { ...local, headers: { host: 'localhost@evil.example' } }, 'Host header'],
    [
      'a Host that is an address of another network',
      { ...local, headers: { host: '10.0.0.1' } },
      'Host header',
    ],
    ['an empty Host', { ...local, headers: { host: '' } }, 'Host header'],
    ['no Host', { ...local, headers: {} }, 'Host header'],
    [
      'X-Forwarded-For',
      { ...local, headers: { ...local.headers, 'x-forwarded-for': '127.0.0.1' } },
      'x-forwarded-for',
    ],
    ['Forwarded', { ...local, headers: { ...local.headers, forwarded: 'for=127.0.0.1' } }, 'forwarded'],
    [
      'an empty forwarding header',
      { ...local, headers: { ...local.headers, 'x-forwarded-for': '' } },
      'x-forwarded-for',
    ],
    ['X-Real-IP', { ...local, headers: { ...local.headers, 'x-real-ip': '127.0.0.1' } }, 'x-real-ip'],
    [
      'a proxy that adds nothing, as nginx does by default',
      { ...local, headers: { host: '127.0.0.1:3000', connection: 'close' }, httpVersion: '1.0' },
      'HTTP/1.0',
    ],
    ['Via', { ...local, headers: { ...local.headers, via: '1.1 proxy' } }, 'via'],
    [
      'a script of another site',
      {
        ...local,
        headers: { ...local.headers, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      },
      'another site',
    ],
    [
      'a script of another port',
      { ...local, headers: { ...local.headers, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' } },
      'another site',
    ],
    ['another origin', { ...local, headers: { ...local.headers, origin: 'http://evil.example' } }, 'site'],
    [
      'the origin of another port',
      { ...local, headers: { ...local.headers, origin: 'http://localhost:1' } },
      'site',
    ],
    ['an origin that is hidden', { ...local, headers: { ...local.headers, origin: 'null' } }, 'site'],
  ])('%s', (_name, visitor, reason) => {
    const refusal = refusalOf(visitor, {});
    expect(refusal).toContain(reason);
    expect(refusal).toMatch(/^sonde: closed, because .*SONDE_TOKEN.*$/);
  });
});

describe('a token', () => {
  const far = { peer: '192.168.0.7', headers: { host: 'shop.example', 'x-forwarded-for': '1.2.3.4' } };
  const withToken = (authorization: string) => ({ ...far, headers: { ...far.headers, authorization } });

  it('opens the pages from anywhere', () => {
    expect(refusalOf(withToken('Bearer secret'), { token: 'secret' })).toBeUndefined();
    expect(refusalOf(withToken('bearer secret'), { token: 'secret' })).toBeUndefined();
  });

  it.each(['Bearer wrong', 'Bearer secret2', 'Bearer ', 'secret', 'Basic secret', ''])(
    'does not by %j',
    (authorization) => {
      expect(refusalOf(withToken(authorization), { token: 'secret' })).toBeDefined();
    },
  );

  it('that is empty opens nothing', () => {
    expect(refusalOf(withToken('Bearer '), { token: '' })).toBeDefined();
    expect(refusalOf(withToken('Bearer undefined'), {})).toBeDefined();
  });

  it('is not asked for on the machine itself', () => {
    expect(refusalOf(local, { token: 'secret' })).toBeUndefined();
  });
});

it('a listed host counts as local, for local peers alone', () => {
  const listed = { headers: { host: 'shop.test:3000' } };
  expect(refusalOf({ ...listed, peer: '127.0.0.1' }, { hosts: ['shop.test'] })).toBeUndefined();
  expect(refusalOf({ ...listed, peer: '127.0.0.1' }, { hosts: ['Shop.Test'] })).toBeUndefined();
  expect(refusalOf({ ...listed, peer: '10.0.0.1' }, { hosts: ['shop.test'] })).toContain('another machine');
});

it('tokens are compared without telling by the time how much of them is right', () => {
  const compare = vi.spyOn(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  const rule = accessRule({ token: 'secret' });
  for (const sent of ['s', 'secre', 'wrong', 'secret', 'secrets', 'x'.repeat(10_000)]) {
    rule({ ...local, headers: { authorization: `Bearer ${sent}` }, host: undefined, asking: undefined });
  }
  expect(compare.mock.calls.map(([a, b]) => [a.byteLength, b.byteLength])).toEqual(Array(6).fill([32, 32]));
});

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a token as the password of a browser', () => {
  const visit = (authorization: string, more: Record<string, string> = {}): string | undefined =>
    refusalOf(
      { peer: '10.0.0.1', headers: { host: 'shop.test', authorization, ...more } },
      { token: 'se:crèt' },
    );

  it.each([basic('ann:se:crèt'), basic(':se:crèt'), basic('ann:se:crèt').replace('Basic', 'basic')])(
    '%s lets in',
    (authorization) => {
      expect(visit(authorization)).toBeUndefined();
      expect(visit(authorization, { 'sec-fetch-site': 'same-origin' })).toBeUndefined();
    },
  );

  it.each([
    basic('ann:se:crè'),
    basic('ann:se:crètt'),
    basic('se:crèt'),
    basic('ann'),
    basic(''),
    'Basic',
    'Basic ',
    'Basic se:crèt',
    `Basic ${Buffer.from('ann:se:crèt').toString('base64')} more`,
  ])('%s does not', (authorization) => {
    expect(visit(authorization)).toContain('another machine');
  });

  it('what a page of another site makes the browser ask for is refused, though the browser sends the password', () => {
    const password = basic('ann:se:crèt');
    expect(visit(password, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBeDefined();
    expect(visit(password, { origin: 'https://evil.example' })).toBeDefined();
    expect(
      visit(password, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
      'a link',
    ).toBeUndefined();
  });

  it.each([
    ['a browser', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }, true],
    ['a browser that was given a wrong password', { accept: 'text/html', authorization: basic('a:b') }, true],
    ['a program', { accept: '*/*' }, false],
    ['a program that says nothing', {}, false],
    ['who sent a wrong token', { accept: 'text/html', authorization: 'Bearer wrong' }, false],
  ])('%s is asked for it: %j, %s', (_who, headers, asked) => {
    expect(canBeAsked({ headers }, { token: 'secret' })).toBe(asked);
    expect(canBeAsked({ headers }, {}), 'where there is no token').toBe(false);
    expect(canBeAsked({ headers }, { token: '' }), 'where it is empty').toBe(false);
  });
});
