import type { RuntimeLane } from '../view/runtime-lane.ts';
import { type Html, html } from './html.ts';
import { line } from './span-line.ts';
import { count, duration } from './text.ts';

/** Narrower bars cannot be seen. */
const LEAST_WIDTH = 1.5;

/** What the event loop and the garbage collector did, above the spans of a waterfall and on their scale. */
export function runtimeLane(lane: RuntimeLane, seconds: number): Html {
  const factor = seconds > 0 ? 1000 / seconds : 0;
  const at = (time: number): number => Math.min(1000, Math.max(0, time * factor));
  const box = ({ end, start }: { start: number; end: number }): { x: number; width: number } => {
    const x = Math.min(at(start), 1000 - LEAST_WIDTH);
    return { x, width: Math.max(LEAST_WIDTH, at(end) - x) };
  };
  const busy = lane.loop.map((part) => {
    const { width, x } = box(part);
    const height = Math.min(1, part.utilization) * 14;
    return height < 0.5
      ? undefined
      : html`<rect class="busy" x="${x.toFixed(1)}" y="${(16 - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
  const stalls = lane.stalls.map((stall) => {
    const { width, x } = box(stall);
    return html`<rect class="stall" x="${x.toFixed(1)}" y="2" width="${width.toFixed(1)}" height="14"><title>stood still for ${duration(stall.end - stall.start)}, CPU ${duration(stall.cpuSeconds)}</title></rect>`;
  });
  const pauses = lane.gc.map((pause) => {
    const { width, x } = box(pause);
    return html`<rect class="gc-${pause.kind}" x="${x.toFixed(1)}" y="3" width="${width.toFixed(1)}" height="12"><title>${pause.kind} ${duration(pause.end - pause.start)}</title></rect>`;
  });
  const still = lane.stalls.reduce((sum, { end, start }) => sum + end - start, 0);
  const known = lane.coveredSeconds >= 0.9 * seconds;
  return html`<div class="lane"><span class="name">event loop <small>${known ? 'busy' : 'busy, as far as it is known'}${still > 0 && `; stood still for ${duration(still)} in ${count(lane.stalls.length, 'stall')}`}</small></span>${line([...busy.filter((bar) => bar !== undefined), ...stalls])}<span class="took">${duration(lane.busySeconds)}</span></div>
<div class="lane"><span class="name">garbage collection <small>${lane.gc.length === 0 ? 'none' : count(lane.gc.length, 'pause')}${lane.notShown > 0 && `, ${lane.notShown} shorter ones are not shown`}</small></span>${line(pauses)}<span class="took">${duration(lane.gcSeconds)}</span></div>`;
}
