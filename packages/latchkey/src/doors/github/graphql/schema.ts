/**
 * The schema: what is written in `sdl/`, with the rows of the field tables behind it.
 *
 * Invariant: a row that no field of the schema has doesn't load.
 */
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { onDemand } from '../../../base/on-demand.ts';
import { once } from '../../../base/once.ts';
import { ACCOUNT_FIELDS } from './account-fields.ts';
import type { Asking } from './asking.ts';
import type { FieldRow, FieldTable } from './fields.ts';
import { MUTATION_FIELDS } from './mutation-fields.ts';
import { REPOSITORY_FIELDS } from './repository-fields.ts';
import { ROOT_FIELDS } from './root-fields.ts';
import { ABSENT } from './sdl/absent.ts';
import { CONNECTIONS } from './sdl/connections.ts';
import { INPUTS } from './sdl/inputs.ts';
import { REPOSITORIES } from './sdl/repositories.ts';
import { ROOT } from './sdl/root.ts';

/** The reference implementation; only who asks in GraphQL waits for it. */
export const graphql = onDemand<typeof import('graphql')>('graphql');

/** Every row, by type and field. */
export const FIELDS: FieldTable = { ...ROOT_FIELDS, ...ACCOUNT_FIELDS, ...REPOSITORY_FIELDS, ...MUTATION_FIELDS };

/** The schema in GraphQL's own language. */
const SDL = [ROOT, REPOSITORIES, INPUTS, CONNECTIONS, ABSENT].join('\n');

/** The schema, built once. */
export const schemaOf = once((): GraphQLSchema => {
  const { buildSchema, isObjectType } = graphql();
  const schema = buildSchema(SDL);
  for (const [typeName, rows] of Object.entries(FIELDS)) {
    const type = schema.getType(typeName);
    for (const [fieldName, row] of Object.entries(rows)) {
      const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
      if (field === undefined) throw new TypeError(`the schema has no field ${typeName}.${fieldName}`);
      field.resolve = resolverOf(row, `${typeName}.${fieldName}`);
    }
  }
  return schema;
});

function resolverOf(row: FieldRow, field: string): GraphQLFieldResolver<unknown, Asking> {
  return (source, args, asking) => row.resolve(source as never, args as never, asking, field);
}
