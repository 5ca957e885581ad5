// What each row shall reach, by Node.

const SDK = 'sdk-trace-base';
const faster = (than, times, aim) => ({ than, atLeast: times, ...(aim && { aim }) });

const TARGETS = {
  root: (node) => [faster(SDK, node === 20 ? 6 : 8), faster('sdk-trace-3', 10), faster('dd-trace', 10)],
  attributes: () => [faster(SDK, 7)],
  full: () => [faster(SDK, 5)],
  nested: (node) => [node >= 24 ? faster(SDK, 3.5, 5) : faster(SDK, 2.2)],
  unsampled: () => [faster(SDK, 15)],
  untraced: () => [{ than: 'plain call', atMostTimes: 2 }],
  inject: () => [faster(SDK, 7)],
  extract: () => [faster(SDK, 6)],
  traceparent: () => [faster(SDK, 1.5)],
  server: (node) => (node >= 24 ? [{ atMost: 6, aim: 4 }, faster(SDK, 8)] : []),
  serverAboveAls: (node) => (node >= 24 ? [] : [{ atMost: 8 }]),
  httpInstalled: () => [{ atMost: 1.05 }],
  httpThree: (node) => (node === 24 ? [{ atMost: 15 }] : []),
  httpAll: (node) => (node === 24 ? [{ atMost: 30 }] : []),
  httpSpan: () => [faster(SDK, 1)],
  fetchInstalled: () => [{ atMost: 1.05 }],
  fetchThree: (node) => (node === 24 ? [{ atMost: 15 }] : []),
  fetchAll: (node) => (node === 24 ? [{ atMost: 30 }] : []),
  fetchSpan: () => [{ than: SDK, atMostTimes: 1.5 }],
  allocated: () => [{ atMost: 400 }],
  retained: () => [{ atMost: 300 }],
  retainedAttributes: () => [{ atMost: 500 }],
  import: () => [{ atMost: 10 }],
};

/**
 * The targets of a row beside what was measured; those against a peer that does not run there are left out.
 *
 * @param {Record<string, number>} figures by subject
 */
export function judge(key, node, figures) {
  const ours = figures.sonde;
  const targets = TARGETS[key]?.(node) ?? [];
  return targets
    .filter(({ than }) => than === undefined || figures[than] !== undefined)
    .map((target) => {
      const { atLeast, atMost, atMostTimes, than } = target;
      if (atLeast !== undefined) {
        const measured = figures[than] / ours;
        return { ...target, measured, reached: measured >= atLeast };
      }
      const measured = than === undefined ? ours : ours / figures[than];
      return { ...target, measured, reached: measured <= (atMost ?? atMostTimes) };
    });
}
