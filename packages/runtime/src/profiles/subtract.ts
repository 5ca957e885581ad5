import type { Frame, Profile, Sample } from './profile.ts';

/** What came about between two profiles of a kind; less is negative. */
export function subtract(after: Profile, before: Profile): Profile {
  const rest = new Map<string, Sample>();
  for (const sample of after.samples) add(rest, sample, 1);
  for (const sample of before.samples) add(rest, sample, -1);
  const samples = [...rest.values()].filter(({ values }) => values.some((value) => value !== 0));
  return { ...after, samples };
}

function add(rest: Map<string, Sample>, sample: Sample, sign: 1 | -1): void {
  const key = sample.stack.map(placeOf).join('\n');
  const { stack, values } = rest.get(key) ?? { stack: sample.stack, values: sample.values.map(() => 0) };
  rest.set(key, { stack, values: values.map((value, i) => value + sign * (sample.values[i] ?? 0)) });
}

function placeOf({ function: { file, name, startLine }, line }: Frame): string {
  return `${name}\t${file}\t${startLine}\t${line}`;
}
