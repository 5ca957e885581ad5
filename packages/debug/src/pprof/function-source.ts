import { readFile, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { FunctionSource, SourceLine } from '../pages/profile-page.ts';
import { withoutSecrets } from '../secrets.ts';
import type { FunctionCost } from './call-tree.ts';

const MAX_BYTES = 2 * 1024 * 1024;
/** Lines before the first one that took something, and behind the last. */
const AROUND = 5;
const MOST_LINES = 300;
/** A map may lead anywhere: only what is code is shown. */
const CODE = /\.[cm]?[jt]sx?$/i;

/** The lines of a function with what each took. Never rejects. */
export async function functionSource(cost: FunctionCost): Promise<FunctionSource> {
  const { file, startLine } = cost.place;
  if (!isAbsolute(file) || !CODE.test(file)) return { cost, lines: 'This is no file of the program.' };
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) return { cost, lines: `The file is too large to be shown: ${size} bytes.` };
    const all = (await readFile(file, 'utf8')).split('\n');
    const known = [startLine, ...cost.lines.keys()].filter((line) => line > 0);
    const from = Math.max(1, Math.min(...known) - AROUND);
    const to = Math.min(all.length, Math.max(...known) + AROUND, from + MOST_LINES - 1);
    const lines: SourceLine[] = [];
    for (let number = from; number <= to; number++) {
      const text = withoutSecrets((all[number - 1] ?? '').slice(0, 500));
      lines.push({ number, text, cost: cost.lines.get(number) ?? 0 });
    }
    return { cost, lines };
  } catch {
    return {
      cost,
      lines: 'The file cannot be read by this process: it is where the program was built, perhaps.',
    };
  }
}
