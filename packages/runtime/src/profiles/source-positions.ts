import { readFile, stat } from 'node:fs/promises';
import { findSourceMap, SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place in a source, lines from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  /** The name that the map has for what stands here, and how long it is in the code that runs. */
  readonly name?: string;
  readonly nameLength?: number;
}

/** A map and its file are read in memory, and parsed in one go: 8 MiB take some 100 ms. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Files whose maps are looked for, for one profile. */
const MAX_FILES = 500;
const MARK = /\/[/*][#@]\s*sourceMappingURL=(\S+?)\s*(?:\*\/\s*)?$/;

/** Where code that runs is written: in its own file, or in that which a source map leads to. */
export class SourcePositions {
  private readonly maps: ReadonlyMap<string, LoadedMap>;

  private constructor(maps: ReadonlyMap<string, LoadedMap>) {
    this.maps = maps;
  }

  /** Reads the maps of these scripts: those that Node holds already, else the ones that their files name. Never rejects. */
  static async of(urls: Iterable<string>): Promise<SourcePositions> {
    const maps = new Map<string, LoadedMap>();
    let files = 0;
    for (const url of urls) {
      const path = pathOf(url);
      if (path === undefined || maps.has(url) || ++files > MAX_FILES) continue;
      const map = await loadMap(path).catch(() => undefined);
      if (map !== undefined) maps.set(url, map);
    }
    return new SourcePositions(maps);
  }

  /** Line and column from 0, as V8 counts them; without a column, the line as a whole. */
  at(url: string, line: number, column?: number): Position {
    const own = { file: pathOf(url) ?? url, line: line + 1 };
    const loaded = this.maps.get(url);
    if (loaded === undefined || line < 0) return own;
    const entry = loaded.map.findEntry(line, column ?? Number.MAX_SAFE_INTEGER) as Partial<Entry>;
    const { generatedColumn, generatedLine, name, originalLine, originalSource } = entry;
    if (originalSource === undefined || originalLine === undefined || generatedLine !== line) return own;
    const isName = name !== undefined && column !== undefined && generatedColumn !== undefined;
    return {
      file: loaded.resolve(originalSource),
      line: originalLine + 1,
      ...(isName && { name, nameLength: column - generatedColumn }),
    };
  }
}

interface Entry {
  readonly generatedLine: number;
  readonly generatedColumn: number;
  readonly originalSource: string;
  readonly originalLine: number;
  readonly name?: string;
}

interface LoadedMap {
  readonly map: SourceMap;
  /** The path of a source that the map names. */
  resolve(source: string): string;
}

function pathOf(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  if (!url.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

async function loadMap(path: string): Promise<LoadedMap | undefined> {
  // Node has it when it was told to keep maps: by --enable-source-maps, or by a loader such as tsx.
  const held = findSourceMap(path);
  if (held !== undefined) return { map: held, resolve: resolver(path, '') };
  const text = await readBounded(path);
  const reference = MARK.exec(text.slice(text.lastIndexOf('sourceMappingURL=') - 4))?.[1];
  if (reference === undefined) return undefined;
  const data = /^data:application\/json[^,]*?(;base64)?,(.*)$/s.exec(reference);
  if (data !== null) {
    const [, base64, body = ''] = data;
    const json = base64 === undefined ? decodeURIComponent(body) : Buffer.from(body, 'base64').toString();
    return parse(json, path);
  }
  const mapPath = resolve(dirname(path), decodeURIComponent(reference));
  return parse(await readBounded(mapPath), mapPath);
}

function parse(json: string, path: string): LoadedMap {
  const payload = JSON.parse(json) as SourceMapPayload;
  return { map: new SourceMap(payload), resolve: resolver(path, payload.sourceRoot ?? '') };
}

/** Node's class leaves the names of sources as the map has them. */
function resolver(path: string, root: string): (source: string) => string {
  const folder = dirname(path);
  return (source) => {
    const below =
      root === '' || source.includes(':') || source.startsWith('/') ? source : `${root}/${source}`;
    return pathOf(below) ?? (below.includes('://') ? below : resolve(folder, below));
  };
}

async function readBounded(path: string): Promise<string> {
  const { size } = await stat(path);
  return size > MAX_BYTES ? '' : readFile(path, 'utf8');
}
