import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from '../../../test/httptrace/recorder.ts';
import { type Listening, listen, plainServer } from '../../../test/httptrace/servers.ts';
import type { ClientTrace } from './client-trace.ts';
import { addGlobalClientTrace, withClientTrace } from './with-client-trace.ts';

let plain: Listening;

beforeAll(async () => {
  plain = await listen(plainServer());
});

afterAll(() => plain.close());

/** One request, its body read to the end. */
function get(url: string, options: http.RequestOptions = {}): Promise<http.IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    http
      .get(url, options, (response) => {
        response.resume();
        response.once('end', () => resolve(response.headers));
      })
      .once('error', reject);
  });
}

describe('a scope', () => {
  const url = () => `http://localhost:${plain.port}/`;

  it('calls the inner trace before the outer one, and global ones last', async () => {
    const calls: string[] = [];
    const naming = (name: string): ClientTrace => ({ gotConn: () => void calls.push(name) });
    const remove = addGlobalClientTrace(naming('global'));
    await withClientTrace(naming('outer'), () => withClientTrace(naming('inner'), () => get(url())));
    remove();
    await get(url());
    expect(calls).toEqual(['inner', 'outer', 'global']);
  });

  it('ends with its function: a request begun outside is not traced', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, async () => {});
    await get(url());
    expect(recorder.calls).toEqual([]);
  });

  it('of a function with callbacks lasts until its request ends', async () => {
    const recorder = new Recorder();
    withClientTrace(recorder.trace, () => {
      http.get(url(), (response) => response.resume());
    });
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200 });
  });

  it('passes on what its function returns and throws', async () => {
    expect(withClientTrace({}, () => 42)).toBe(42);
    expect(() =>
      withClientTrace({}, () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    await expect(withClientTrace({}, () => Promise.reject(new Error('later')))).rejects.toThrow('later');
  });

  it('gives back a promise with members of its own itself, and lasts until that settles', async () => {
    const recorder = new Recorder();
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let made: unknown;
    const returned = withClientTrace(recorder.trace, () => {
      const promise = Object.assign(
        begun.then(() => get(url())),
        { cancel: () => {} },
      );
      made = promise;
      return promise;
    });
    expect(returned).toBe(made);
    begin();
    await returned;
    await recorder.over;
  });

  it('begins a lazy thenable within it', async () => {
    const recorder = new Recorder();
    const lazy = {
      // biome-ignore lint/suspicious/noThenProperty: like superagent's, which sends when it is awaited
      then: (ok: (headers: object) => object, no: (error: unknown) => never) => get(url()).then(ok, no),
    };
    expect(await withClientTrace(recorder.trace, () => lazy)).toHaveProperty('x-port');
    await recorder.over;
  });

  it('asks a factory once for each request, and leaves alone what it declines', async () => {
    const asked: string[] = [];
    const recorder = new Recorder();
    await withClientTrace(
      (req) => {
        asked.push(req.path);
        return req.path === '/missing' ? recorder.trace : undefined;
      },
      async () => {
        await get(url());
        await get(`${url()}missing`);
      },
    );
    expect(asked).toEqual(['/', '/missing']);
    expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 404 });
    expect(recorder.hooks.filter((hook) => hook === 'requestStart')).toHaveLength(1);
  });
});

describe('hooks that fail', () => {
  it('leave the request as it is, and are told once as a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const trace: ClientTrace = {
      getConn: () => {
        throw new Error('thrown in a hook');
      },
      gotConn: (async () => {
        throw new Error('rejected in a hook');
      }) as never,
    };
    for (let i = 0; i < 3; i++) {
      const headers = await withClientTrace(trace, () => get(`http://localhost:${plain.port}/`));
      expect(headers['x-port']).toBeDefined();
    }
    await new Promise(setImmediate);
    process.off('warning', note);
    const said = warnings
      .filter(({ name }) => name === 'SondeWarning')
      .map(({ message }) => message.split(':')[0]);
    expect(said.sort()).toEqual([
      'hook getConn of a ClientTrace failed',
      'hook gotConn of a ClientTrace failed',
    ]);
  });
});

describe('installation', () => {
  const names = [
    'undici:request:create',
    'http.client.response.finish',
    'http.client.request.created',
    'net.client.socket',
  ];
  const methods = () => [
    net.Socket.prototype.connect,
    (http.Agent.prototype as never as Record<string, unknown>)['addRequest'],
    (http.ClientRequest.prototype as never as Record<string, unknown>)['onSocket'],
  ];

  it('leaves nothing behind when the last trace is gone', async () => {
    const before = methods();
    const remove = addGlobalClientTrace({});
    const removeToo = addGlobalClientTrace({});
    expect(channel('undici:request:create').hasSubscribers).toBe(true);
    remove();
    remove();
    expect(channel('undici:request:create').hasSubscribers).toBe(true);
    removeToo();
    expect(names.filter((name) => channel(name).hasSubscribers)).toEqual([]);
    expect(methods()).toEqual(before);
  });

  it('knows a connection from before for what it is', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `http://localhost:${plain.port}/`;
    await get(url, { agent });
    await new Promise(setImmediate);
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get(url, { agent }));
    await recorder.over;
    agent.destroy();
    expect(recorder.get('gotConn')).toMatchObject({ reused: true });
  });
});
