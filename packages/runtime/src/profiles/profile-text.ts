import type { Frame, Profile } from './profile.ts';

/**
 * A profile as text, stacks one below the other, those that count most first: what Go answers to `debug=1`. Numbers after
 * `@` are made up for each place, as there are no addresses.
 *
 * Source: Go, `runtime/pprof`, `printCountProfile`.
 */
export function profileText(profile: Profile): string {
  const { name, period, sampleTypes } = profile;
  const last = sampleTypes.length - 1;
  const totals = sampleTypes.map((_, i) =>
    profile.samples.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  );
  const numbers = new Map<Frame, number>();
  const numberOf = (frame: Frame): string => {
    if (!numbers.has(frame)) numbers.set(frame, numbers.size + 1);
    return `0x${numbers.get(frame)?.toString(16)}`;
  };
  const blocks = [...profile.samples]
    .sort((a, b) => (b.values[last] ?? 0) - (a.values[last] ?? 0))
    .map(({ labels, stack, values }) => {
      const lines = stack.map(
        (frame) =>
          `#\t${numberOf(frame)}\t${oneLine(frame.function.name)}\t${oneLine(frame.function.file)}:${frame.line}\n`,
      );
      const labelled = labels === undefined ? '' : `# labels: ${JSON.stringify(labels)}\n`;
      return `${values.join(': ')} @ ${stack.map(numberOf).join(' ')}\n${labelled}${lines.join('')}\n`;
    });
  const head =
    sampleTypes.length === 1
      ? `${oneLine(name)} profile: total ${totals[0]}`
      : `${oneLine(name)} profile: ${totals.join(': ')} @ ${oneLine(name)}/${period}`;
  const comments = profile.comments.map((comment) => `# ${comment}\n`);
  return `${head}\n${comments.join('')}${blocks.join('')}`;
}

/** Names come from programs; a line stays one. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
}
