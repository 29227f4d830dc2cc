/**
 * What a body or a query must look like: JSON Schema, and the TypeScript type that follows from it.
 *
 * The types are TypeBox's, and TypeBox checks. The few builders used here are our own, because loading TypeBox's
 * takes a seventh of the start (decision 0100), and what they build is plain data. The checker is loaded when there
 * is something to check.
 */
import type { Type as Builders, TSchema } from 'typebox';

export type { Static, TSchema } from 'typebox';

type Options = Readonly<Record<string, unknown>>;

/** Marks schemas of fields that may be left out. It isn't enumerable, so it isn't part of what is checked. */
const OPTIONAL = Symbol('optional');

/** The builders, with the names and types of TypeBox. */
export const Type = {
  String: (options?: Options) => ({ type: 'string', ...options }),
  Number: (options?: Options) => ({ type: 'number', ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Null: (options?: Options) => ({ type: 'null', ...options }),
  Literal: (value: unknown, options?: Options) => ({ type: typeof value, const: value, ...options }),
  Unknown: (options?: Options) => ({ ...options }),
  Enum: (values: readonly unknown[], options?: Options) => ({ enum: values, ...options }),
  Union: (anyOf: readonly TSchema[], options?: Options) => ({ anyOf, ...options }),
  Array: (items: TSchema, options?: Options) => ({ type: 'array', items, ...options }),
  /** Any names are allowed. */
  Record: (_names: TSchema, value: TSchema) => ({ type: 'object', patternProperties: { '^.*$': value } }),
  Object: (properties: Readonly<Record<string, TSchema>>, options?: Options) => {
    const required = Object.entries(properties)
      .filter(([, property]) => !(OPTIONAL in property))
      .map(([name]) => name);
    return { type: 'object', ...(required.length === 0 ? {} : { required }), properties, ...options };
  },
  Optional: (schema: TSchema) => Object.defineProperty({ ...schema }, OPTIONAL, { value: true }),
} as unknown as Pick<
  typeof Builders,
  | 'String'
  | 'Number'
  | 'Integer'
  | 'Boolean'
  | 'Null'
  | 'Literal'
  | 'Unknown'
  | 'Enum'
  | 'Union'
  | 'Array'
  | 'Record'
  | 'Object'
  | 'Optional'
>;
