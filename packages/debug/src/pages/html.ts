import { visible } from './text.ts';

/** Markup that needs no escaping, because `html` made it. */
export class Html {
  readonly markup: string;

  /** Only for this module and for markup that holds nothing but literals. */
  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

/** What may stand in a template. Text is escaped; `undefined`, `null` and `false` are nothing. */
export type Content = Html | string | number | bigint | undefined | null | false | readonly Content[];

/**
 * A template whose values are escaped by the template itself, in text and in quoted attributes alike. There is no
 * way around it: what is not escaped is an {@link Html}, and those come from templates.
 */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = literals[0] as string;
  for (let i = 0; i < values.length; i++) {
    markup += render(values[i]) + literals[i + 1];
  }
  return new Html(markup);
}

function render(value: Content): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeMarkup(visible(String(value)));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
