import type { Schema } from './build.ts';
import { OTHER_DEFINITIONS } from './other-definitions.ts';
import { PAGE_DEFINITIONS } from './page-definitions.ts';
import { REQUEST_DEFINITIONS } from './request-definitions.ts';
import { RUNTIME_DEFINITIONS } from './runtime-definitions.ts';
import { TRACE_DEFINITIONS } from './trace-definitions.ts';

/**
 * The JSON forms of all pages as JSON Schema: `#/$defs/Requests`, `#/$defs/Trace`, … for pages, others for what they hold.
 * Members may be added in later versions; what is there stays.
 *
 * Whoever adds a member to a view is told by the compiler to describe it here.
 */
export function jsonSchema(): Schema {
  const pages = Object.entries(PAGE_DEFINITIONS);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: "The JSON forms of Sonde's pages",
    anyOf: pages.map(([name]) => ({ $ref: `#/$defs/${name}` })),
    $defs: {
      ...Object.fromEntries(pages.map(([name, { schema }]) => [name, schema])),
      ...REQUEST_DEFINITIONS,
      ...TRACE_DEFINITIONS,
      ...RUNTIME_DEFINITIONS,
      ...OTHER_DEFINITIONS,
    },
  };
}
