import { type Repeat, repeatsAmong } from '../analysis/repeats.ts';
import { type SpanNode, treeOf } from '../analysis/span-tree.ts';
import type { Steps } from '../slices.ts';
import type { SpanReport, TraceReport } from '../view/trace-report.ts';
import { type TraceLook, traceAddress } from './address.ts';
import { type Html, html } from './html.ts';
import { colourOf } from './process-legend.ts';
import { runtimeLane } from './runtime-lane.ts';
import { spanDetail } from './span-detail.ts';
import { critical, line, marks, phaseBars, spanBar } from './span-line.ts';
import { duration } from './text.ts';

/** More rows take too long to render and to read; the JSON form has them all. */
const MAX_ROWS = 500;
/** Of calls of one kind, so many have rows of their own. */
const MAX_REPEATS = 25;
/** Deeper spans are indented no further. */
export const MAX_INDENT = 24;
const ROWS_PER_STEP = 10;

/** The spans of a trace, one a row, as a waterfall. */
export function* waterfall(trace: TraceReport, base: string, look: TraceLook): Steps<Html> {
  const rows = new Rows(trace, base, look);
  yield;
  const roots = treeOf(trace.spans);
  yield;
  const content = yield* rows.of(roots, undefined);
  return html`<div class="waterfall">
<div class="scale" aria-hidden="true"><ol>${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<li>${part === 0 ? 0 : duration(trace.seconds * part)}</li>`)}</ol></div>
${trace.runtime !== undefined && runtimeLane(trace.runtime, trace.seconds)}
${content}
</div>
${rows.small > 0 && html`<p class="store">${rows.small} shorter spans are left out. <a href="${traceAddress({ ...look, leastShare: 0 })}">Show them</a>.</p>`}
${rows.hidden > 0 && html`<p class="notice">${rows.hidden} more spans have no row here; they are in <a href="${trace.traceId}.json">the JSON form</a>.</p>`}`;
}

class Rows {
  /** Spans without a row, because there are too many, or because they are short. */
  hidden = 0;
  small = 0;
  private shown = 0;
  private readonly base: string;
  /** Whether rows tell whose they are. */
  private readonly several: boolean;
  private readonly seconds: number;
  private readonly least: number;
  private readonly details: ReadonlyMap<string, SpanReport>;

  constructor({ processes, seconds, spans }: TraceReport, base: string, { leastShare }: TraceLook) {
    this.base = base;
    this.several = processes.length > 1;
    this.seconds = seconds;
    this.least = leastShare * seconds;
    this.details = new Map(spans.map((span) => [span.spanId, span]));
  }

  /** Siblings with all that is below them. Recursive only where repeats are within repeats. */
  *of(siblings: readonly SpanNode[], parent: SpanNode | undefined): Steps<Html[]> {
    const content: Html[] = [];
    /** What is still to be shown, the next one last. */
    const waiting: (SpanNode | Repeat | Html)[] = this.arranged(siblings, parent).reverse();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if ('markup' in next) content.push(next);
      else if ('nodes' in next) content.push(yield* this.repeat(next));
      else if (this.shown >= MAX_ROWS) this.hidden++;
      else if (next.span.elapsedSeconds < this.least && !next.span.error) this.small++;
      else {
        content.push(this.row(next));
        if (++this.shown % ROWS_PER_STEP === 0) yield;
      }
      if ('children' in next) waiting.push(...this.arranged(next.children, next).reverse());
    }
    return content;
  }

  /** Siblings by start, repeats at the place of their first, orphans of one parent under a row for it. */
  private arranged(
    siblings: readonly SpanNode[],
    parent: SpanNode | undefined,
  ): (SpanNode | Repeat | Html)[] {
    const repeats = new Map<SpanNode, Repeat>();
    for (const repeat of repeatsAmong(siblings, parent)) {
      for (const node of repeat.nodes) repeats.set(node, repeat);
    }
    const arranged: (SpanNode | Repeat | Html)[] = [];
    const missing = new Set<string>();
    for (const node of siblings) {
      const { parent: whereabouts, parentSpanId } = node.span;
      if (whereabouts === 'missing' && parentSpanId !== undefined && !missing.has(parentSpanId)) {
        missing.add(parentSpanId);
        arranged.push(missingParent(parentSpanId));
      }
      const repeat = repeats.get(node);
      if (repeat === undefined) arranged.push(node);
      else if (repeat.nodes[0] === node) arranged.push(repeat);
    }
    return arranged;
  }

  private *repeat(repeat: Repeat): Steps<Html> {
    const { inTurn, label, nodes, seconds } = repeat;
    const some = nodes.slice(0, MAX_REPEATS);
    const failed = nodes.filter(({ span }) => span.error).length;
    const bars = nodes
      .slice(0, MAX_ROWS)
      .map(({ span }) => [
        spanBar(span, this.seconds),
        ...critical(this.details.get(span.spanId) as SpanReport, this.seconds),
      ]);
    const { depth, process } = (nodes[0] as SpanNode).span;
    const within: Html[] = [];
    for (const node of some) within.push(...(yield* this.one(node)));
    const more = nodes.length - some.length;
    return html`<details class="repeat${failed > 0 && ' failed'}${this.several && ` ${colourOf(process)}`}"${failed > 0 && html` open`}>
<summary>
<span class="name depth-${Math.min(depth, MAX_INDENT)}"><b>${nodes.length} ×</b> ${label} <small>${inTurn ? 'one after the other' : 'at once'}${failed > 0 && `, ${failed} failed`}</small></span>
${line(bars)}
<span class="took">${duration(seconds)}</span>
</summary>
${within}
${more > 0 && html`<p class="more">… and ${more} more of them.</p>`}
</details>
`;
  }

  /** A node and what is below it, without looking for repeats among its siblings again. */
  private *one(node: SpanNode): Steps<Html[]> {
    if (this.shown >= MAX_ROWS) {
      this.hidden++;
      return [];
    }
    this.shown++;
    const row = this.row(node);
    return [row, ...(yield* this.of(node.children, node))];
  }

  private row({ children, parent, span: { spanId } }: SpanNode): Html {
    const span = this.details.get(spanId) as SpanReport;
    // Open where an error began, not on all of its way up.
    const open = span.error && !children.some((child) => child.span.error);
    // Where a call goes from process to process, the row names it.
    const entered = this.several && span.process !== parent?.span.process;
    const bar =
      span.phases === undefined ? spanBar(span, this.seconds) : phaseBars(span, span.phases, this.seconds);
    return html`<details class="span${span.error && ' failed'}${span.active && ' running'}${this.several && ` ${colourOf(span.process)}`}" id="${span.spanId}"${open && html` open`}>
<summary>
<span class="name depth-${Math.min(span.depth, MAX_INDENT)}">${span.parent === 'remote' && remoteParent(span)}${entered && html`<b class="service">${span.service}</b> `}${span.name}${span.target !== undefined && html` <small>${span.target}</small>`}</span>
${line([bar, marks(span, this.seconds), critical(span, this.seconds)])}
<span class="took">${duration(span.elapsedSeconds)}</span>
</summary>
${spanDetail(span, this.base, this.several)}
</details>
`;
  }
}

function remoteParent({ parentSpanId }: SpanReport): Html {
  return html`<span class="mark-remote" title="called by span ${parentSpanId} of another process">⇢ </span>`;
}

function missingParent(spanId: string): Html {
  return html`<p class="orphans">missing parent <code>${spanId}</code> <small>not kept here: dropped, or of a library that has its own spans</small></p>`;
}
