import { reasonOf } from '../requests/line.ts';
import type { Steps } from '../slices.ts';
import type { SelfSource } from '../view/self-view.ts';
import { readApi } from './api-facts.ts';
import { type CostView, measureCost } from './cost.ts';
import type { SelfFacts } from './self-facts.ts';

/** Sonde as it is now: what is told by whoever runs the pages, and what can be seen from here. */
export function readSelf(tell: () => SelfFacts = () => ({})): SelfSource {
  const facts = told(tell);
  return {
    facts,
    // Looks through all modules that are loaded: only for who asks.
    get api() {
      return readApi();
    },
    cost: () => costOf(facts),
    switchedOff: switchedOff(),
  };
}

/** What is told is foreign: a page must not fail for it. */
function told(tell: () => SelfFacts): SelfFacts {
  try {
    return tell() ?? {};
  } catch (error) {
    return { troubles: [`What runs these pages could not tell of itself: ${reasonOf(error)}.`] };
  }
}

function* costOf({ makeSpan }: SelfFacts): Steps<CostView> {
  try {
    return yield* measureCost(makeSpan);
  } catch {
    return yield* measureCost(undefined);
  }
}

/** By hand, pages may be served all the same. */
function switchedOff(): string[] {
  const off: string[] = [];
  if (process.env['SONDE_DISABLED'] === '1') off.push('SONDE_DISABLED=1');
  if (process.env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') off.push('OTEL_SDK_DISABLED=true');
  return off;
}
