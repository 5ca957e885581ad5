import { promisify } from 'node:util';
import type { Frame, FunctionPlace, Profile } from './profile.ts';
import { turnNow } from './turns.ts';

/**
 * A profile as `go tool pprof` reads it: `profile.proto`, gzipped.
 *
 * Source: github.com/google/pprof, `proto/profile.proto`.
 */
export async function encodePprof(profile: Profile): Promise<Uint8Array<ArrayBuffer>> {
  const [proto, { gzip }] = await Promise.all([import('pprof-format'), import('node:zlib')]);
  const strings = new proto.StringTable();
  const text = (string: string): number => strings.dedup(string);
  const type = (value: { type: string; unit: string }) => ({
    type: text(value.type),
    unit: text(value.unit),
  });
  const functions = new Numbers<FunctionPlace>();
  const locations = new Numbers<Frame>();
  const samples: object[] = [];
  for (const { labels = {}, stack, values } of profile.samples) {
    await turnNow();
    const label = Object.entries(labels).map(([key, value]) => ({ key: text(key), str: text(value) }));
    samples.push({ locationId: stack.map((frame) => locations.of(frame)), value: [...values], label });
  }
  const encoded = new proto.Profile({
    stringTable: strings,
    sampleType: profile.sampleTypes.map(type),
    sample: samples,
    // Never a file that exists: pprof would take it for a program and disassemble it.
    mapping: [{ ...MAPPING, filename: text('nodejs') }],
    location: locations.all.map((frame, i) => ({
      id: i + 1,
      mappingId: MAPPING.id,
      address: i + 1,
      line: [{ functionId: functions.of(frame.function), line: frame.line }],
    })),
    function: functions.all.map(({ file, name, startLine }, i) => ({
      id: i + 1,
      name: text(name),
      systemName: text(name),
      filename: text(file),
      startLine,
    })),
    timeNanos: BigInt(Math.round(profile.time)) * 1_000_000n,
    durationNanos: Math.round(profile.durationSeconds * 1e9),
    periodType: type(profile.periodType),
    period: profile.period,
    comment: profile.comments.map(text),
    defaultSampleType: text(profile.sampleTypes.at(-1)?.type ?? ''),
  });
  return new Uint8Array(await promisify(gzip)(await encoded.encodeAsync()));
}

/** With functions, files and lines known, pprof asks for no symbols. */
const MAPPING = {
  id: 1,
  memoryStart: 0,
  memoryLimit: 2 ** 40,
  hasFunctions: true,
  hasFilenames: true,
  hasLineNumbers: true,
};

/** Numbers from 1, in the order of first use. */
class Numbers<T> {
  readonly all: T[] = [];
  private readonly numbers = new Map<T, number>();

  of(item: T): number {
    let number = this.numbers.get(item);
    if (number === undefined) {
      number = this.all.push(item);
      this.numbers.set(item, number);
    }
    return number;
  }
}
