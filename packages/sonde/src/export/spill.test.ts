import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../../../test/httptrace/servers.ts';
import { HeldTime } from '../../../../test/support/held-time.ts';
import { otlpExporter, otlpOffice } from '../otlp/otlp-exporter.ts';
import type { OtlpSettings } from '../otlp/settings.ts';
import { ExportProcessor } from './export-processor.ts';
import { Spill } from './spill.ts';
import { SpillFile } from './spill-file.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of undo.splice(0).reverse()) await stop();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sonde-spill-'));
  undo.push(() => rmSync(path, { recursive: true }));
  return path;
}

describe('a file of lines', () => {
  async function opened(path: string, maxBytes = 1_000): Promise<SpillFile> {
    const file = new SpillFile(path, maxBytes);
    expect(await file.open()).toBe(true);
    undo.push(() => file.close());
    return file;
  }
  const texts = async (file: SpillFile): Promise<string[]> => {
    const lines: string[] = [];
    for (let line = await file.first(); line !== undefined; line = await file.first()) {
      lines.push(line.toString());
      await file.finish(line);
    }
    return lines;
  };

  it('gives them in their order, and is empty then', async () => {
    const path = join(folder(), 'spill');
    const file = await opened(path, 2_000_000);
    const long = 'x'.repeat(600_000);
    for (const line of ['one', '', long, 'two']) expect(await file.append(Buffer.from(line))).toBe(true);
    expect(await texts(file)).toEqual(['one', '', long, 'two']);
    expect(readFileSync(path, 'utf8')).toBe('');
    await file.append(Buffer.from('three'));
    expect(await texts(file)).toEqual(['three']);
  });

  it.each([
    [9, true],
    [10, false],
  ])('takes what fits: a line of %i beside nothing in 10 bytes: %s', async (length, fits) => {
    const path = join(folder(), 'spill');
    const file = await opened(path, 10);
    expect(await file.append(Buffer.alloc(length, 'x'))).toBe(fits);
    expect(await file.append(Buffer.alloc(9, 'x'))).toBe(!fits);
  });

  it.each([
    ['one\ntwo\n', ['one', 'two']],
    ['one\nhal', ['one']],
    ['hal', []],
    ['', []],
  ])(
    '%j of an earlier process has the lines %j; what was written by half is no line',
    async (text, lines) => {
      const path = join(folder(), 'spill');
      writeFileSync(path, text);
      const file = await opened(path);
      await file.append(Buffer.from('new'));
      expect(await texts(file)).toEqual([...lines, 'new']);
    },
  );

  it('is that of one process: not while another one lives that has it', async () => {
    const path = join(folder(), 'spill');
    writeFileSync(`${path}.lock`, String(process.ppid));
    expect(await new SpillFile(path, 1_000).open()).toBe(false);
  });

  it.each([['4194999'], [String(process.pid)], ['junk'], ['']])(
    'is there again when who had it, %s, is not',
    async (pid) => {
      const path = join(folder(), 'spill');
      writeFileSync(`${path}.lock`, pid);
      const file = new SpillFile(path, 1_000);
      expect(await file.open()).toBe(true);
      expect(readFileSync(`${path}.lock`, 'utf8')).toBe(String(process.pid));
      await file.close();
      expect(existsSync(`${path}.lock`)).toBe(false);
    },
  );
});

async function freePort(): Promise<number> {
  const { close, port } = await listen(createServer());
  await close();
  return port;
}

/** A collector at this port: what it was sent, by name. */
async function collectAt(port: number): Promise<string[]> {
  const names: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    for (const { scopeSpans } of JSON.parse(Buffer.concat(chunks).toString()).resourceSpans) {
      for (const { spans } of scopeSpans) names.push(...spans.map(({ name }: { name: string }) => name));
    }
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  undo.push(() => server.close().closeAllConnections());
  return names;
}

function exportTo(port: number, path: string, maxBytes = 10_000_000) {
  const settings: OtlpSettings = {
    url: new URL(`http://127.0.0.1:${port}/v1/traces`),
    protocol: 'http/json',
    headers: {},
    timeoutMillis: 60_000,
    compression: 'none',
    tls: {},
  };
  const time = new HeldTime();
  const said: string[] = [];
  const say = (sentence: string): void => void said.push(sentence);
  const spill = new Spill(path, maxBytes, () => otlpOffice(settings), say);
  undo.push(() => spill.close());
  const processor = new ExportProcessor(
    otlpExporter(settings),
    { maxQueueBytes: 50_000, maxExportBatchSize: 10, name: 'there', say },
    { spill, time },
  );
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('t');
  let ended = 0;
  const end = (count: number, name = 'span'): void => {
    for (let i = 0; i < count; i++) tracer.startSpan(`${name} ${ended++}`, {}, ROOT_CONTEXT).end();
  };
  const until = async (check: () => boolean, millis = 0): Promise<void> => {
    while (!check()) {
      await time.pass(millis);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const lost = () => processor.tell().dropped.reduce((sum, { spans }) => sum + spans, 0);
  return { processor, end, until, lost, said, time };
}

describe('while a collector stays away', () => {
  it('what the queue has no room for goes to the file, and all of it arrives when it is back', async () => {
    const path = join(folder(), 'spill');
    const port = await freePort();
    const { end, lost, processor, said, until } = exportTo(port, path);
    end(10);
    await until(() => said.length > 0);
    for (let round = 0; round < 30; round++) {
      end(10);
      await until(() => (processor.tell().heldBytes ?? 0) < 40_000);
    }
    expect(lost()).toBe(0);
    expect(processor.tell().spilled).toBeGreaterThan(200);
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
      expect(JSON.parse(line).resourceSpans[0].scopeSpans[0].spans).toHaveLength(10);
    }
    const names = await collectAt(port);
    await until(() => names.length === 310, 1_000);
    expect(new Set(names).size).toBe(310);
    await until(() => readFileSync(path, 'utf8') === '');
    const { exported, recovered = 0, spilled } = processor.tell();
    expect([recovered, exported + recovered]).toEqual([spilled, 310]);
    expect(said).toHaveLength(1);
  });

  it.each(['shutdown', 'flush'] as const)(
    'what is left at the last %s is kept for the next process',
    async (end) => {
      const path = join(folder(), 'spill');
      const port = await freePort();
      const first = exportTo(port, path);
      first.end(30, 'before');
      const stopped = first.processor[end]();
      let isOver = false;
      void stopped.then(() => {
        isOver = true;
      });
      await first.until(() => isOver);
      expect(first.processor.any()).toBe(false);
      expect([first.lost(), first.processor.tell().spilled]).toEqual([0, 30]);

      await first.processor.shutdown();
      const names = await collectAt(port);
      const second = exportTo(port, path);
      second.end(10, 'after');
      await second.until(() => names.length === 40);
      expect(names.filter((name) => name.startsWith('before'))).toHaveLength(30);
      await second.until(() => second.processor.tell().recovered === 30);
    },
  );

  it('when the file is full, too, the newest are dropped and counted', async () => {
    const path = join(folder(), 'spill');
    const { end, lost, processor, said, until } = exportTo(await freePort(), path, 10_000);
    end(10);
    await until(() => said.length > 0);
    while (lost() === 0) {
      end(10);
      await until(() => true);
    }
    await until(() => processor.tell().spilled === 10);
    end(100);
    await until(() => lost() > 10);
    expect(processor.tell().heldBytes).toBeLessThanOrEqual(50_000);
    expect(readFileSync(path).length).toBeLessThanOrEqual(10_000);
  });

  it.each([
    ['is in no folder', (path: string) => join(path, 'missing', 'spill'), 'ENOENT'],
    ['is a folder', (path: string) => path, 'EISDIR'],
    [
      'is on a full disk',
      (path: string) => {
        symlinkSync('/dev/full', join(path, 'full'));
        return join(path, 'full');
      },
      'ENOSPC',
    ],
    [
      'is that of another process',
      (path: string) => {
        writeFileSync(join(path, 'spill.lock'), String(process.ppid));
        return join(path, 'spill');
      },
      'another process has it',
    ],
  ])('a file that %s is said once, and the program goes on', async (_what, make, reason) => {
    const path = make(folder());
    const { end, lost, said, until } = exportTo(await freePort(), path);
    while (lost() === 0) {
      end(10);
      await until(() => said.length > 0);
    }
    await until(() => said.length >= 3);
    expect(said.filter((sentence) => sentence.startsWith('SONDE_SPILL_FILE'))).toEqual([
      `SONDE_SPILL_FILE is "${path}", which cannot be used (${reason}); the program goes on without it`,
    ]);
  });
});

it('lines in the file that are nothing of ours are passed over', async () => {
  const path = join(folder(), 'spill');
  writeFileSync(path, 'junk\n{"resourceSpans":7}\n{}\n\n[]\nnull\n');
  const port = await freePort();
  const names = await collectAt(port);
  const { end, processor, said, until } = exportTo(port, path);
  end(10);
  await until(() => readFileSync(path, 'utf8') === '' && processor.tell().exported === 10);
  expect(names).toHaveLength(10);
  expect(said).toEqual([]);
});
