import { describe, expect, it } from 'vitest';
import { parseTarget, redactQuery } from './redact.ts';

describe('a query string', () => {
  it.each([
    ['', ''],
    ['a=1&b=2', 'a=1&b=2'],
    ['token=abc', 'token=REDACTED'],
    ['a=1&access_token=abc&b=2', 'a=1&access_token=REDACTED&b=2'],
    ['Signature=x&X-Amz-Signature=y&sig=z', 'Signature=REDACTED&X-Amz-Signature=REDACTED&sig=REDACTED'],
    ['%74oken=abc', '%74oken=REDACTED'],
    ['password=a=b', 'password=REDACTED'],
    ['token', 'token'],
    ['tokens=2', 'tokens=2'],
    ['%E0%A4%A=x', '%E0%A4%A=x'],
    ['&&=&', '&&=&'],
  ])('%j becomes %j', (query, expected) => {
    expect(redactQuery(query)).toBe(expected);
  });
});

describe('a request target', () => {
  it.each([
    ['/path', '/path', ''],
    ['/path?a=1', '/path', 'a=1'],
    ['/path?a=1?b', '/path', 'a=1?b'],
    ['/path?token=x', '/path', 'token=REDACTED'],
    ['http://user:secret@host:80/path?a=1', '/path', 'a=1'],
    ['*', '*', ''],
    ['', '', ''],
  ])('%j is path %j and query %j', (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query });
  });
});
