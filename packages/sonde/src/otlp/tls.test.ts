import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readTls } from './tls.ts';

// What is accepted is in test/e2e/otlp.test.ts, with real certificates and a real collector.

const folder = mkdtempSync(join(tmpdir(), 'sonde-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const missing = join(folder, 'missing.pem');
const junk = file('junk.pem', 'junk');
const empty = file('empty.pem', '');

it.each([
  ['OTEL_EXPORTER_OTLP_CERTIFICATE', missing, /which cannot be read \(ENOENT\); it is ignored$/],
  ['OTEL_EXPORTER_OTLP_CERTIFICATE', folder, /which cannot be read \(EISDIR\); it is ignored$/],
  ['OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE', junk, /which holds no certificate in PEM \(.+\); it is ignored$/],
  ['OTEL_EXPORTER_OTLP_CERTIFICATE', empty, /which holds no certificate in PEM \(.+\); it is ignored$/],
  ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', missing, /which cannot be read \(ENOENT\); it is ignored$/],
  ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', junk, /which holds no certificate in PEM \(.+\); it is ignored$/],
  ['OTEL_EXPORTER_OTLP_CLIENT_KEY', junk, /which holds no private key in PEM .* \(.+\); it is ignored$/],
])('%s=%s is ignored, and that is said', (name, path, sentence) => {
  const said: string[] = [];
  expect(readTls({ [name]: path }, (one) => said.push(one))).toEqual({});
  expect(said).toEqual([expect.stringMatching(sentence)]);
  expect(said[0]?.startsWith(`${name} is "${path}", `)).toBe(true);
});

it('a file of the traces that is missing leaves the general one', () => {
  const said: string[] = [];
  readTls(
    { OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: missing, OTEL_EXPORTER_OTLP_CERTIFICATE: junk },
    (sentence) => said.push(sentence),
  );
  expect(said).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE .* \(ENOENT\)/),
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_CERTIFICATE .* no certificate/),
  ]);
});
