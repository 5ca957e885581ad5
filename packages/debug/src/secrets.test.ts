import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretKey, withoutSecrets } from './secrets.ts';

describe('the name of an attribute', () => {
  it.each([
    'password',
    'db.password',
    'user.passwd',
    'http.request.header.authorization',
    'http.request.header.proxy-authorization',
    'http.request.header.cookie',
    'http.response.header.set-cookie',
    'http.request.header.x-api-key',
    'http.request.header.x-auth-token',
    'http.request.header.x-goog-iap-jwt-assertion',
    'HTTP.REQUEST.HEADER.COOKIE',
    'accessToken',
    'client_secret',
    'aws.secret',
    'apiKey',
    'api_key',
    'privateKey',
    'X-Amz-Signature',
    'credentials',
  ])('%s tells of a credential', (key) => {
    expect(isSecretKey(key)).toBe(true);
  });

  it.each([
    '',
    'http.route',
    'url.path',
    'gen_ai.usage.input_tokens',
    'token.count',
    'author',
    'passwords.tried',
    'secretary',
    'session.id',
    'http.request.header.accept',
    'key',
    'messaging.kafka.message.key',
    'design',
  ])('%j does not', (key) => {
    expect(isSecretKey(key)).toBe(false);
  });
});

describe('a text', () => {
  it.each([
    ['GET https://ada:hunter2@example.org/x', 'GET https://REDACTED@example.org/x'],
    ['postgres://u:p@ss@db:5432/shop', 'postgres://REDACTED@db:5432/shop'],
    ['/callback?code=1&token=abc&x=1', '/callback?code=1&token=REDACTED&x=1'],
    ['?access_token=abc#top', '?access_token=REDACTED#top'],
    ['?X-Amz-Signature=ab12&X-Amz-Date=1', '?X-Amz-Signature=REDACTED&X-Amz-Date=1'],
    ['?sig=a%2Fb%3D', '?sig=REDACTED'],
    ['Server=db;Password=hunter2;Database=x', 'Server=db;Password=REDACTED;Database=x'],
    ["SET password = 'hunter 2'", 'SET password = REDACTED'],
    ["{ user: 'ada', password: 'hunter2' }", "{ user: 'ada', password: 'REDACTED' }"],
    ['{"token":"abc","n":1}', '{"token":"REDACTED","n":1}'],
    ['{"token":"a\\"bc","n":1}', '{"token":"REDACTED","n":1}'],
    ['Authorization: Bearer abc.def-123\nHost: x', 'Authorization: REDACTED\nHost: x'],
    ['cookie: a=b; connect.sid=s%3A1', 'cookie: REDACTED'],
    ["{ cookie: 'a=b; c=d', host: 'x' }", "{ cookie: 'REDACTED', host: 'x' }"],
    ['{"body":"{\\"token\\":\\"abc\\"}"}', '{"body":"{\\"token\\":\\"REDACTED"}'],
    ['sent Bearer abcdefgh.12345678', 'sent Bearer REDACTED'],
    ['sent Basic YWRhOmh1bnRlcjI=', 'sent Basic REDACTED'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl here', 'jwt REDACTED here'],
    ['/t-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '/t-REDACTED'],
    ['a.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.', 'a.REDACTED'],
  ])('%j is shown as %j', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown);
  });

  it.each([
    '',
    'SELECT * FROM tokens WHERE id = 7',
    'Unexpected token \'<\', "<!doctype" is not valid JSON',
    'token expired: log in again',
    'if (token == null) return',
    'Basic authentication failed',
    'Bearer authentication is required',
    'GET /orders/7?page=2&sort=name',
    'mail to ada@example.org',
    'http://localhost:3000/a@b',
    'at fn (file:///app/cookies.js:3:7)',
    'design=1&config=2',
  ])('%j is shown as it is', (text) => {
    expect(withoutSecrets(text)).toBe(text);
  });

  it('is shown once redacted as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = withoutSecrets(text);
        expect(withoutSecrets(once)).toBe(once);
      }),
    );
  });

  it.each([
    '/',
    '//',
    '=',
    'token',
    'token ',
    'token=',
    "token='",
    '"',
    'Bearer ',
    'eyJ',
    'eyJa.',
    'eyJ-',
    'eyJ-aaaaaaaa.',
    '-eyJaaaaaaaa.',
    'cookie:',
    '@',
    '//a@',
    ' ',
  ])('of %j many times takes no more than in proportion', (part) => {
    // Quadratic, this would be 10^12 steps and the test's time would be over.
    const text = part.repeat(1_000_000 / part.length);
    expect(withoutSecrets(text).length).toBeGreaterThan(0);
  });
});
