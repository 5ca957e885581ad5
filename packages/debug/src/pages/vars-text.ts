import type { Vars } from '../view/vars-view.ts';
import { sectionText } from './self-text.ts';
import { varsSections } from './vars-sections.ts';

/** `/debug/vars` for a terminal. */
export function varsText(vars: Vars): string {
  return varsSections(vars).map(sectionText).join('\n');
}
