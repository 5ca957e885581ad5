import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen, plainServer } from '../../../../test/httptrace/servers.ts';
import { RequestWrites } from './node-http-body.ts';

let echo: Listening;

beforeAll(async () => {
  echo = await listen(plainServer((request, response) => request.pipe(response)));
});

afterAll(() => echo.close());

describe('what is written to a request', () => {
  it('is counted in bytes, and told, while somebody watches', async () => {
    const request = http.request({ port: echo.port, method: 'POST' });
    const writes = new RequestWrites(request as never);
    let told = 0;
    writes.watch(['write', 'end', 'flushHeaders'], () => told++);
    (request.flushHeaders as (chunk: string) => void)('no chunk');
    request.write('añb');
    request.write('ff00', 'hex');
    request.end(new Uint8Array(3));
    expect([told, writes.take(), writes.take()]).toEqual([4, 9, 0]);
    const [response] = await once(request, 'response');
    await text(response);
  });

  it('is passed on uncounted when nobody watches any more', async () => {
    const request = http.request({ port: echo.port, method: 'POST' });
    const writes = new RequestWrites(request as never);
    let told = 0;
    writes.watch(['write', 'end'], () => told++);
    request.write('abc');
    expect([told, writes.take()]).toEqual([1, 3]);
    writes.unwatch();
    request.write('de');
    request.end('f');
    expect([told, writes.take()]).toEqual([1, 0]);
    const [response] = await once(request, 'response');
    expect(await text(response)).toBe('abcdef');
  });
});
