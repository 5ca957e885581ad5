import type { CallNode, CallTree } from '../pprof/call-tree.ts';
import { amount, percentOf } from './amount.ts';
import { type Html, html } from './html.ts';
import { count } from './text.ts';

const ROW = 18;
/** What is narrower than this part of the picture is not drawn, nor what is deeper; and no more in all. */
const NARROWEST = 0.001;
const DEEPEST = 100;
const MOST = 3_000;

/**
 * Who called whom, from the outermost down, as wide as what it took: an icicle. Each call is a link that shows it as the
 * whole, so it works without a script. Beside each other, the widest first.
 */
export function flameGraph(tree: CallTree, at: CallNode, link: (node: CallNode) => string): Html {
  const bars: Html[] = [];
  const above: CallNode[] = [];
  for (let node = at.parent; node !== undefined; node = node.parent) above.unshift(node);
  for (const [depth, node] of above.entries()) bars.push(bar(tree, node, 0, 1, depth, link, ' above'));
  let depth = above.length;
  let level: { node: CallNode; x: number; width: number }[] = [{ node: at, x: 0, width: 1 }];
  let left = 0;
  while (level.length > 0 && depth < above.length + DEEPEST) {
    const next: typeof level = [];
    for (const { node, width, x } of level) {
      bars.push(bar(tree, node, x, width, depth, link));
      let from = x;
      for (const child of node.children) {
        const share = at.total > 0 ? child.total / at.total : 0;
        if (share < NARROWEST || bars.length + next.length > MOST) left++;
        else next.push({ node: child, x: from, width: share });
        from += share;
      }
    }
    level = next;
    depth++;
  }
  return html`<svg class="flame" width="100%" height="${depth * ROW}" role="group" aria-label="Flame graph">
${bars}</svg>
${left > 0 && html`<p class="soft note">Not drawn, as too narrow: ${count(left, 'call')}; choose one above to see more.</p>`}`;
}

function bar(
  tree: CallTree,
  node: CallNode,
  x: number,
  width: number,
  depth: number,
  link: (node: CallNode) => string,
  more = '',
): Html {
  const [root] = tree.nodes;
  const name = node.function?.place.name ?? 'all';
  const told = `${name}: ${amount(node.total, tree.unit)}, ${percentOf(node.total, root?.total ?? 0)}`;
  return html`<a href="${link(node)}"><svg x="${percent(x)}" y="${depth * ROW}" width="${percent(width)}" height="${ROW}"><title>${told}</title><rect class="${kindOf(node)}${more}" width="100%" height="${ROW - 1}"/><text x="4" y="13">${name}</text></svg></a>
`;
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

/** Whose code it is: for the colour. */
function kindOf({ function: cost }: CallNode): 'root' | 'native' | 'node' | 'package' | 'own' {
  if (cost === undefined) return 'root';
  const { file } = cost.place;
  if (file === '') return 'native';
  if (file.startsWith('node:')) return 'node';
  return file.includes('/node_modules/') ? 'package' : 'own';
}
