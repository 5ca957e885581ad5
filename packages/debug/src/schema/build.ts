/** A schema, or part of one. Source: JSON Schema, draft 2020-12. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** A member that may be absent. */
export interface Optional {
  readonly optional: Schema;
}

/**
 * The members of an interface: each of them, and those that may be absent as such. So the compiler finds what is not
 * documented.
 */
export type Members<T> = {
  readonly [K in keyof T]-?: undefined extends T[K]
    ? Optional
    : Record<never, never> extends Pick<T, K>
      ? Optional
      : Schema;
};

export function object<T>(description: string, members: Members<T>): Schema {
  const entries = Object.entries<Schema | Optional>(members);
  return {
    type: 'object',
    description,
    properties: Object.fromEntries(
      entries.map(([name, member]) => [name, isOptional(member) ? member.optional : member]),
    ),
    required: entries.flatMap(([name, member]) => (isOptional(member) ? [] : [name])),
  };
}

function isOptional(member: Schema | Optional): member is Optional {
  return typeof member['optional'] === 'object';
}

export function optional(schema: Schema): Optional {
  return { optional: schema };
}

export function text(description: string): Schema {
  return { type: 'string', description };
}

export function oneOf(values: readonly string[], description: string): Schema {
  return { enum: values, description };
}

export function number(description: string): Schema {
  return { type: 'number', description };
}

/** A whole number of at least 0. */
export function count(description: string): Schema {
  return { type: 'integer', minimum: 0, description };
}

export function flag(description: string): Schema {
  return { type: 'boolean', description };
}

/** Set or absent. */
export function mark(description: string): Optional {
  return optional({ const: true, description });
}

/** Seconds, with a fraction. */
export function seconds(description: string): Schema {
  return number(`Seconds. ${description}`);
}

/** ISO 8601, UTC, to the microsecond; beyond what that can hold, seconds since the epoch: `1e12s`. */
export function time(description: string): Schema {
  return { type: 'string', pattern: '^(\\S+Z|\\S+s)$', description: `ISO 8601, UTC. ${description}` };
}

export function traceId(description: string): Schema {
  return { type: 'string', pattern: '^[0-9a-f]{32}$', description };
}

export function spanId(description: string): Schema {
  return { type: 'string', pattern: '^[0-9a-f]{16}$', description };
}

export function list(items: Schema, description: string): Schema {
  return { type: 'array', items, description };
}

/** Names of anybody's, and values of any kind. */
export function map(values: Schema, description: string): Schema {
  return { type: 'object', additionalProperties: values, description };
}

/** Anything at all: JSON has no narrower word for it. */
export function anything(description: string): Schema {
  return { description };
}

export function ref(name: string, description?: string): Schema {
  return { $ref: `#/$defs/${name}`, ...(description === undefined ? {} : { description }) };
}
