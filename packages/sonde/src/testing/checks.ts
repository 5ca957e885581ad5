import { matcherOf, type SpanPattern, seen } from './span-pattern.ts';
import { CollectedSpan, SpanTree, walk } from './span-tree.ts';
import { treeText } from './tree-text.ts';

/** What can be asked: what `collect` answered, or one span of it with what is below. */
export type Spans = SpanTree | CollectedSpan;

/** What was found, for those who throw and those who answer alike. */
export interface Checked {
  readonly holds: boolean;
  readonly found: readonly CollectedSpan[];
  /** What is wrong, with the tree. @param holds whether it is wrong that it holds, as behind `.not` */
  message(holds: boolean): string;
}

export function checkSpan(spans: Spans, what: SpanPattern): Checked {
  listed(spans);
  const { text } = matcherOf(what);
  const found = spans.filter(what);
  return checked(spans, found, found.length > 0, {
    fails: `expected a span ${text}, found none among ${count(spans.filter({}).length, 'span')}`,
    holds: `expected no span ${text}, found ${count(found.length, 'span')}`,
  });
}

export function checkAtMost(spans: Spans, limit: number, what: SpanPattern): Checked {
  if (!Number.isInteger(limit) || limit < 0) {
    throw new TypeError(
      `sonde: the most spans that there may be are ${seen(limit)}, expected a whole number of 0 or more before the pattern`,
    );
  }
  listed(spans);
  const { text } = matcherOf(what);
  const found = spans.filter(what);
  return checked(spans, found, found.length <= limit, {
    fails: `expected at most ${count(limit, 'span')} ${text}, found ${found.length}`,
    holds: `expected more than ${count(limit, 'span')} ${text}, found ${found.length}`,
  });
}

/** Of a whole tree: what hangs below a span has not lost its parent. */
export function checkNoOrphan(spans: SpanTree): Checked {
  const tree: Spans = spans;
  if (tree instanceof CollectedSpan) {
    throw new TypeError(
      'sonde: a span was asked for its orphans, expected the tree, as orphans are not below it',
    );
  }
  const { orphans = [] } = whole(spans);
  return checked(spans, orphans, orphans.length === 0, {
    fails: `expected every span to have its parent, found ${count(orphans.length, 'orphan')}; context may be lost on the way to them`,
    holds: 'expected an orphan, found every span with its parent',
  });
}

export function checkNoUnendedSpan(spans: Spans): Checked {
  const found = listed(spans).filter(({ ended }) => !ended);
  return checked(spans, found, found.length === 0, {
    fails: `expected every span to end, found ${count(found.length, 'span')} that had not when collect was over`,
    holds: 'expected a span that has not ended, found that all have',
  });
}

export function checkNoFailedSpan(spans: Spans): Checked {
  const found = listed(spans).filter(({ status }) => status.code === 'error');
  return checked(spans, found, found.length === 0, {
    fails: `expected no span to fail, found ${count(found.length, 'span')} with status error`,
    holds: 'expected a span with status error, found none',
  });
}

function checked(
  spans: Spans,
  found: readonly CollectedSpan[],
  holds: boolean,
  sentence: { readonly fails: string; readonly holds: string },
): Checked {
  return {
    holds,
    found,
    message: (asked) =>
      `${asked ? sentence.holds : sentence.fails}:\n\n${treeText(whole(spans), {}, found)}\n`,
  };
}

/** All spans, the one that was given among them. Throws for what is neither tree nor span. */
function listed(spans: Spans): readonly CollectedSpan[] {
  return [...walk(whole(spans).roots)];
}

function whole(spans: Spans): Pick<SpanTree, 'roots'> & Partial<SpanTree> {
  if (spans instanceof SpanTree) return spans;
  if (spans instanceof CollectedSpan) return { roots: [spans] };
  throw new TypeError(
    `sonde: ${seen(spans)} was asked for its spans, expected what \`await collect(...)\` answers, or a span of it`,
  );
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
