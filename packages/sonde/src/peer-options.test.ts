import { describe, expect, it } from 'vitest';
import { type PeerStartOptions, readPeerOptions } from './peer-options.ts';

function read(options: object, env: Record<string, string> = {}, token?: string) {
  const said: string[] = [];
  const {
    discover,
    token: sent,
    urls,
  } = readPeerOptions(options as PeerStartOptions, token, env, (sentence) => {
    said.push(sentence);
  });
  return { discover, sent, urls, said };
}

const NONE = { discover: true, sent: undefined, urls: [], said: [] };

describe('peers', () => {
  it.each([
    ['nothing', {}, {}, NONE],
    ['an empty variable', {}, { SONDE_PEERS: ' , ' }, NONE],
    [
      'a list, in its letters',
      {},
      { SONDE_PEERS: 'http://a:1/Debug, payments=http://b:2' },
      { ...NONE, urls: ['http://a:1/Debug', 'payments=http://b:2/debug'] },
    ],
    [
      'an option, which wins',
      { peers: ['http://a:1/debug'] },
      { SONDE_PEERS: 'http://b:2/debug' },
      { ...NONE, urls: ['http://a:1/debug'] },
    ],
    ['an option of none', { peers: [] }, { SONDE_PEERS: 'http://b:2/debug' }, NONE],
  ])('are read from %s', (_title, options, env, expected) => {
    expect(read(options, env)).toEqual(expected);
  });

  it('that are no URLs are said, by where they stand', () => {
    expect(read({}, { SONDE_PEERS: 'orders:3001,http://b:2' })).toEqual({
      ...NONE,
      urls: ['http://b:2/debug'],
      said: [
        'SONDE_PEERS has "orders:3001", expected a URL like http://127.0.0.1:3001/debug, or name=URL; it is ignored',
      ],
    });
    expect(read({ peers: [7] }).said).toEqual([
      expect.stringMatching(/^option peers has something of type number/),
    ]);
    expect(read({ peers: 'http://b:2' }).said).toEqual(['option peers is no array of URLs; it is ignored']);
  });
});

describe('the token for peers', () => {
  it.each([
    [{ peerToken: 'option' }, { SONDE_PEER_TOKEN: 'variable' }, 'token', 'option'],
    [{}, { SONDE_PEER_TOKEN: 'variable' }, 'token', 'variable'],
    [{}, { SONDE_PEER_TOKEN: '' }, 'token', 'token'],
    [{}, {}, undefined, undefined],
  ])('of %j and %j is the first that there is', (options, env, token, expected) => {
    expect(read(options, env as Record<string, string>, token).sent).toBe(expected);
  });

  it('that is no text is ignored, and it is said', () => {
    expect(read({ peerToken: 7 }, { SONDE_PEER_TOKEN: 'x' })).toMatchObject({
      sent: 'x',
      said: ['option peerToken is of type number, expected string; it is ignored'],
    });
  });
});

describe('discovery', () => {
  it.each([
    [undefined, true, 0],
    ['', true, 0],
    ['on', true, 0],
    ['OFF', false, 0],
    ['0', false, 0],
    ['false', false, 0],
    ['none', false, 1],
  ])('SONDE_DISCOVERY=%j: %j', (value, expected, sentences) => {
    const { discover, said } = read({}, value === undefined ? {} : { SONDE_DISCOVERY: value });
    expect([discover, said.length]).toEqual([expected, sentences]);
  });

  it('goes by the option first', () => {
    expect(read({ discovery: false }).discover).toBe(false);
    expect(read({ discovery: true }, { SONDE_DISCOVERY: 'off' }).discover).toBe(true);
  });
});
