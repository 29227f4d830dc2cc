/** GraphQL: a schema that is a part of GitHub's, each field of which has its need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphQLArgument } from 'graphql';
import { describe, expect, it } from 'vitest';
import { needOf } from '../../../src/catalogue/routes/github.ts';
import { FIELDS, graphql, schemaOf } from '../../../src/doors/github/graphql/schema.ts';
import { graphqlWorld } from './graphql-world.ts';

type FieldFact = string | { readonly type: string; readonly args?: Readonly<Record<string, string>> };
interface TypeFact {
  readonly kind: string;
  readonly fields?: Readonly<Record<string, FieldFact>>;
  readonly values?: readonly string[];
}
const GITHUB = (
  JSON.parse(readFileSync(join(import.meta.dirname, 'graphql-types.json'), 'utf8')) as {
    types: Readonly<Record<string, TypeFact>>;
  }
).types;
const { getIntrospectionQuery, isEnumType, isInputObjectType, isInterfaceType, isObjectType } = graphql();
const typeIn = (fact: FieldFact): string => (typeof fact === 'string' ? fact : fact.type).replace(/ = .*/, '');

describe('the schema', () => {
  it('has the types, fields, arguments and words of GitHub’s, with the same types', () => {
    const wrong: string[] = [];
    const same = (place: string, ours: string, theirs: FieldFact | undefined): void => {
      if (theirs === undefined || typeIn(theirs) !== ours) wrong.push(`${place}: ${ours}`);
    };
    let compared = 0;
    for (const [name, type] of Object.entries(schemaOf().getTypeMap())) {
      const known = GITHUB[name];
      // The facts leave out edges and some shells.
      if (name.startsWith('__') || known === undefined) continue;
      compared++;
      if (isEnumType(type)) {
        for (const { name: value } of type.getValues())
          if (known.values?.includes(value) !== true) wrong.push(`${name}.${value}`);
      } else if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
        for (const field of Object.values(type.getFields())) {
          const fact = known.fields?.[field.name];
          same(`${name}.${field.name}`, String(field.type), fact);
          const args = 'args' in field ? (field.args as readonly GraphQLArgument[]) : [];
          for (const arg of args)
            same(
              `${name}.${field.name}(${arg.name})`,
              String(arg.type),
              typeof fact === 'string' ? undefined : fact?.args?.[arg.name],
            );
        }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(60);
  });

  it('decides every field that reads or changes something with the need of a REST endpoint', () => {
    for (const rows of Object.values(FIELDS))
      for (const { twins } of Object.values(rows))
        for (const twin of twins) {
          const [method = '', path = ''] = twin.split(' ');
          expect(needOf(method, path)).toBeDefined();
        }
    const undecided = Object.entries(FIELDS).flatMap(([type, rows]) =>
      Object.entries(rows).flatMap(([field, { twins }]) => (twins.length === 0 ? [`${type}.${field}`] : [])),
    );
    // A node is decided by its type; objects were reached by way of a decision about contents; the rest says nothing.
    expect(undecided.toSorted()).toEqual([
      'Commit.associatedPullRequests',
      'Commit.tree',
      'GitHubMetadata.isPasswordAuthenticationVerifiable',
      'Query.meta',
      'Query.node',
      'Query.nodes',
      'Query.rateLimit',
      'Ref.associatedPullRequests',
      'Repository.diskUsage',
      'Tag.target',
      'TreeEntry.object',
    ]);
  });

  it('tells of itself to who signed in: introspection, and gh’s tests for features', async () => {
    const made = await graphqlWorld();
    const { __schema } = await made.data(getIntrospectionQuery());
    expect(__schema.queryType.name).toBe('Query');
    const features = await made.data(
      'query Repository_fields{Repository: __type(name:"Repository"){fields(includeDeprecated:true){name}} ' +
        'Absent: __type(name:"Gist"){name}}',
    );
    expect(features.Repository.fields).toContainEqual({ name: 'visibility' });
    expect(features.Absent).toBeNull();
    expect((await made.graphql(getIntrospectionQuery())).status).toBe(401);
  });
});
