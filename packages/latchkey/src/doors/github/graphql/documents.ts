/** Queries, parsed and checked against the schema; those that come again are remembered. */
import type {
  ASTVisitor,
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLError,
  OperationDefinitionNode,
  ValidationContext,
} from 'graphql';
import { RecentMap } from '../../../base/recent-map.ts';
import { type ErrorEntry, Unanswered } from './errors.ts';
import { MAX_FIELDS, MAX_TOKENS } from './limits.ts';
import { graphql, schemaOf } from './schema.ts';

/** How many queries are remembered, and how long each may be. */
const MAX_KNOWN = 200;
const MAX_KNOWN_LENGTH = 4096;
/** The most mistakes that an answer names. */
const MAX_MISTAKES = 20;

/** A query that fits the schema. */
export interface Query {
  readonly document: DocumentNode;
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** A query, or what is wrong with it. */
export type Reading = Query | { readonly errors: readonly ErrorEntry[] };

export class Documents {
  readonly #known = new RecentMap<string, Query>(MAX_KNOWN);

  /**
   * Reads a query.
   * @param check runs before the schema is looked at, and throws `Unanswered` for what is too much
   */
  read(text: string, check: (query: Query) => void): Reading {
    const known = this.#known.get(text);
    if (known !== undefined) {
      check(known);
      return known;
    }
    const query = parsed(text);
    if ('errors' in query) return query;
    check(query);
    const { validate } = graphql();
    const mistakes = validate(schemaOf(), query.document, rules(), { maxErrors: MAX_MISTAKES });
    if (mistakes.length > 0) return { errors: mistakes.map(mistakeEntry) };
    if (text.length <= MAX_KNOWN_LENGTH) this.#known.set(text, query);
    return query;
  }
}

function parsed(text: string): Reading {
  const { parse, visit, Kind, GraphQLError: Mistake } = graphql();
  try {
    const document = parse(text, { maxTokens: MAX_TOKENS });
    const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
    const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
    if (hasCycle(fragments))
      throw new Unanswered('RESOURCE_LIMITS_EXCEEDED', 'A fragment of this query contains itself.');
    // Also in fragments that nothing uses: one rule of the schema's check compares all fields of a set with each other.
    let fields = 0;
    visit(document, { Field: () => void fields++ });
    if (fields > MAX_FIELDS)
      throw new Unanswered('RESOURCE_LIMITS_EXCEEDED', `This query has more than ${MAX_FIELDS} fields.`);
    return { document, operations, fragments: new Map(fragments.map((one) => [one.name.value, one])) };
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return { errors: [{ ...mistakeEntry(error), message: error.message.replace(/^Syntax Error: /, 'Parse error: ') }] };
  }
}

/** A cycle would be counted forever, before the rule of the schema's check finds it. */
function hasCycle(fragments: readonly FragmentDefinitionNode[]): boolean {
  const { visit } = graphql();
  const uses = new Map<string, string[]>();
  for (const fragment of fragments) {
    const names: string[] = [];
    visit(fragment, { FragmentSpread: ({ name }) => void names.push(name.value) });
    uses.set(fragment.name.value, names);
  }
  const done = new Set<string>();
  const within = (name: string, path: ReadonlySet<string>): boolean => {
    if (path.has(name)) return true;
    if (done.has(name)) return false;
    const found = (uses.get(name) ?? []).some((used) => within(used, new Set([...path, name])));
    done.add(name);
    return found;
  };
  return [...uses.keys()].some((name) => within(name, new Set()));
}

function mistakeEntry({ message, locations, extensions }: GraphQLError): ErrorEntry {
  const { path, ...more } = extensions as { path?: readonly string[] };
  return {
    ...(path === undefined ? {} : { path }),
    ...(locations === undefined ? {} : { locations }),
    ...(Object.keys(more).length === 0 ? {} : { extensions: more }),
    message,
  };
}

/** The rules of the specification; that a field exists is said in GitHub's words, which clients look for. */
function rules() {
  const { specifiedRules, FieldsOnCorrectTypeRule } = graphql();
  return [fieldsExist, ...specifiedRules.filter((rule) => rule !== FieldsOnCorrectTypeRule)];
}

function fieldsExist(context: ValidationContext): ASTVisitor {
  const { GraphQLError: Mistake } = graphql();
  const path: string[] = [];
  const leave = (): void => void path.pop();
  return {
    OperationDefinition: {
      enter: ({ operation, name }) => void path.push(name === undefined ? operation : `${operation} ${name.value}`),
      leave,
    },
    FragmentDefinition: { enter: ({ name }) => void path.push(`fragment ${name.value}`), leave },
    Field: {
      enter: (node) => {
        path.push(node.alias?.value ?? node.name.value);
        const type = context.getParentType();
        if (type == null || context.getFieldDef() != null) return;
        const fieldName = node.name.value;
        const extensions = { path: [...path], code: 'undefinedField', typeName: type.name, fieldName };
        context.reportError(
          new Mistake(`Field '${fieldName}' doesn't exist on type '${type.name}'`, { nodes: node, extensions }),
        );
      },
      leave,
    },
  };
}
