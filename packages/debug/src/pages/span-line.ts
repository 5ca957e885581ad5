import { type ClientPhases, isPhaseEvent } from '../analysis/client-phases.ts';
import type { SpanReport } from '../view/trace-report.ts';
import type { SpanView } from '../view/trace-view.ts';
import { type Html, html } from './html.ts';

/**
 * The line of a span in a waterfall, 1,000 units long. SVG attributes and classes, because the page's policy allows no
 * inline style.
 */
export function line(content: readonly (Html | readonly Html[])[]): Html {
  return html`<svg class="line" viewBox="0 0 1000 18" preserveAspectRatio="none" aria-hidden="true">${content}</svg>`;
}

/** Narrower bars cannot be seen. */
const LEAST_WIDTH = 1.5;

/** Seconds of a trace on the line. */
class Scale {
  private readonly factor: number;

  constructor(total: number) {
    this.factor = total > 0 ? 1000 / total : 0;
  }

  at(seconds: number): number {
    return Math.min(1000, Math.max(0, seconds * this.factor));
  }
}

export function spanBar({ active, elapsedSeconds, kind, offsetSeconds }: SpanView, total: number): Html {
  const scale = new Scale(total);
  const x = Math.min(scale.at(offsetSeconds), 1000 - LEAST_WIDTH);
  const width = Math.max(LEAST_WIDTH, scale.at(offsetSeconds + elapsedSeconds) - x);
  return html`<rect class="kind-${kind}${active && ' open'}" x="${x.toFixed(1)}" y="3" width="${width.toFixed(1)}" height="10" rx="1"/>`;
}

/** A CLIENT span by its phases, on top of the bar of the whole. */
export function phaseBars(span: SpanView, { spans }: ClientPhases, total: number): Html {
  const scale = new Scale(total);
  return html`${spanBar(span, total)}${spans.map(({ end, phase, start }) => {
    const x = scale.at(span.offsetSeconds + start);
    const width = scale.at(span.offsetSeconds + end) - x;
    return (
      width > 0.5 &&
      html`<rect class="phase-${phase}" x="${x.toFixed(1)}" y="3" width="${width.toFixed(1)}" height="10"/>`
    );
  })}`;
}

/** Events, but for those that the phases show. */
export function marks(span: SpanView, total: number): Html[] {
  const scale = new Scale(total);
  return span.events
    .filter(({ name }) => span.kind !== 'client' || !isPhaseEvent(name))
    .slice(0, 50)
    .map(({ name, offsetSeconds }) => {
      const x = Math.min(999, scale.at(span.offsetSeconds + offsetSeconds)).toFixed(1);
      return html`<line class="${name === 'exception' && 'exception'}" x1="${x}" x2="${x}" y1="2" y2="14"/>`;
    });
}

/** When the span itself held the request up. */
export function critical({ critical: segments }: SpanReport, total: number): Html[] {
  const scale = new Scale(total);
  return segments.map(({ end, start }) => {
    const x = scale.at(start);
    return html`<rect class="critical" x="${x.toFixed(1)}" y="15" width="${Math.max(1, scale.at(end) - x).toFixed(1)}" height="2"/>`;
  });
}
