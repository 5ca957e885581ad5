import type { Attributes, Link, SpanOptions } from '@opentelemetry/api';
import { acceptAttributes, type Refuser, type ValueLimits } from './attributes.ts';
import { acceptLink, listLinks } from './link.ts';

/**
 * The attributes and links of a span to be, as a sampler is shown them: copies, since it may write into what it is
 * given. What it writes into the attributes counts; how many a span may have is for the span to say.
 */
export class ShownToSampler implements Refuser {
  readonly attributes: Attributes;
  readonly links: Link[];
  /** Why something was left out first. Said with the span, if there is going to be one. */
  refusal: string | undefined;

  constructor({ attributes, links }: SpanOptions, limits: ValueLimits) {
    this.attributes = { ...acceptAttributes(attributes, Number.POSITIVE_INFINITY, limits, this).attributes };
    this.links = this.copyLinks(links, limits);
  }

  /** What is no link, or no array of them, is refused by the span, which gets the links as they were given. */
  private copyLinks(links: unknown, limits: ValueLimits): Link[] {
    try {
      const { list } = listLinks(links) ?? { list: [] };
      return list.flatMap((link) => acceptLink(link, Number.POSITIVE_INFINITY, limits, this) ?? []);
    } catch {
      return [];
    }
  }

  refuse(reason: string): void {
    this.refusal ??= reason;
  }
}
