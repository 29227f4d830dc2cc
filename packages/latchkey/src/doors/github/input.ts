/**
 * What a client sent, read and checked against the schema that the endpoint declares.
 *
 * Invariant: all mistakes are reported at once, each with its field and its rule; then nothing was done.
 * Invariant: a field that is left out of account is named in the answer, and one that looks like a misspelled one is
 * refused (decision 0662).
 */
import type { IncomingMessage } from 'node:http';
import type { Validator } from 'typebox/compile';
import { type Complaint, Problem, problem } from '../../base/errors.ts';
import type { TSchema } from '../../base/json-schema.ts';
import { nearestWord } from '../../base/nearest-word.ts';
import { onDemand } from '../../base/on-demand.ts';
import { oncePer } from '../../base/once.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { Malformed } from './refuse.ts';

const compiler = onDemand<typeof import('typebox/compile')>('typebox/compile');

const PAGING_FIELDS: readonly string[] = ['per_page', 'page', 'after'];

/** The most complaints to report about one body. */
const MAX_COMPLAINTS = 20;

/** The body as text. @throws Malformed when it is longer than allowed, or not UTF-8 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Malformed(413, `Body should have at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Malformed(400, 'Problems parsing JSON');
  }
}

/** What was sent, as far as the endpoint knows it. */
export interface CheckedInput {
  readonly value: unknown;
  /** Names of fields that were left out of account: `has_wiki`, `author.zone`. */
  readonly ignored: readonly string[];
}

/**
 * The JSON body, checked by the schema; an empty body is an empty object, as on GitHub.
 * @param ignores true when unknown fields don't matter
 * @throws Malformed, Problem
 */
export function checkBody(schema: TSchema, text: string, ignores: boolean): CheckedInput {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new Malformed(400, 'Problems parsing JSON');
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject && !check(schema, value)) throw new Malformed(400, 'Body should be a JSON object');
  return checked(schema, value, ignores);
}

/**
 * The query, checked by the schema: `name[]` is a list, numbers and booleans are parsed. Null schema: no fields.
 * @param ignores true when unknown fields don't matter
 * @throws Problem
 */
export function checkQuery(
  schema: TSchema | null,
  query: URLSearchParams,
  { paged, ignores }: { readonly paged: boolean; readonly ignores: boolean },
): CheckedInput {
  const fields: Record<string, string | string[]> = {};
  for (const key of new Set(query.keys())) {
    if (paged && PAGING_FIELDS.includes(key)) continue;
    const all = query.getAll(key);
    const [first, ...others] = all;
    if (key.endsWith('[]')) fields[key.slice(0, -2)] = all;
    else fields[key] = first !== undefined && others.length === 0 ? first : all;
  }
  if (schema === null) return { value: undefined, ignored: [] };
  const { properties } = schema as { readonly properties?: Readonly<Record<string, FieldSchema>> };
  return checked(
    schema,
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asField(properties?.[name], value)])),
    ignores,
  );
}

interface FieldSchema {
  readonly type?: string;
  readonly items?: FieldSchema;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** A query text as its field's type; one that doesn't fit stays a text, which the check then rejects. */
function asField(schema: FieldSchema | undefined, value: string | readonly string[]): unknown {
  if (schema?.type === 'array') return [value].flat().map((each) => asField(schema.items, each));
  if (typeof value !== 'string') return value;
  if (schema?.type === 'boolean') return BOOLEANS.get(value.toLowerCase()) ?? value;
  if (
    (schema?.type === 'integer' || schema?.type === 'number') &&
    value.trim() !== '' &&
    Number.isFinite(Number(value))
  )
    return Number(value);
  return value;
}

/** A schema's check: compiling takes a millisecond, checking a microsecond. */
const validatorOf = oncePer((schema: TSchema) => compiler().Compile(schema) as unknown as Validator);

function check(schema: TSchema, value: unknown): boolean {
  return validatorOf(schema).Check(value);
}

function checked(schema: TSchema, value: unknown, ignores: boolean): CheckedInput {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return { value, ignored: [] };
  const errors = validator.Errors(value) as readonly SchemaError[];
  const extra = ignores ? extraFields(errors, schema) : [];
  if (extra.length > 0) {
    const rest = structuredClone(value);
    for (const { pointer, name } of extra) delete (objectAt(rest, pointer) as Record<string, unknown>)[name];
    const { ignored, value: known } = checked(schema, rest, ignores);
    const names = extra.map(({ pointer, name }) => within(dotted(pointer), name));
    return { value: known, ignored: [...names, ...ignored] };
  }
  throw new Problem(complaintsOf(errors, schema).slice(0, MAX_COMPLAINTS));
}

/** Unknown fields that don't look like a known one of the same object: those are mistakes. */
function extraFields(errors: readonly SchemaError[], schema: TSchema): { pointer: string; name: string }[] {
  return errors.flatMap((error) => {
    if (error.keyword !== 'additionalProperties' || isInChoice(errors, error)) return [];
    const known = knownFields(schema, error);
    return (error.params['additionalProperties'] as string[])
      .filter((name) => meant(name, known) === null)
      .map((name) => ({ pointer: error.instancePath, name }));
  });
}

function knownFields(schema: TSchema, error: SchemaError): string[] {
  return Object.keys((partOf(schema, error.schemaPath) as { properties?: object } | undefined)?.properties ?? {});
}

/** The field that was misspelled; null when a name is no typo of any: two letters, one in a short word. */
export function meant(name: string, known: readonly string[]): string | null {
  return nearestWord(name, known, name.length < 6 ? 1 : 2);
}

/** What a JSON Pointer (RFC 6901) leads to. */
function objectAt(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], value);
}

function dotted(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.');
}

interface SchemaError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** One complaint per place: about a choice as a whole, not about each of its branches. */
function complaintsOf(errors: readonly SchemaError[], schema: TSchema): Complaint[] {
  const complaints: Complaint[] = [];
  for (const error of errors) {
    if (error.keyword === 'boolean' || isInChoice(errors, error)) continue;
    const at = dotted(error.instancePath);
    if (error.keyword === 'required') complaints.push(...missing(at, error.params['requiredProperties'] as string[]));
    else if (error.keyword === 'additionalProperties')
      complaints.push(...unknown(at, error.params['additionalProperties'] as string[], knownFields(schema, error)));
    else
      complaints.push({
        field: at === '' ? null : at.slice(0, 100),
        code: 'invalid',
        message: `${at === '' ? 'The body' : at.slice(0, 100)} ${ruleOf(error, schema)}.`,
      });
  }
  return complaints.length > 0
    ? complaints
    : [{ field: null, code: 'invalid', message: 'The body has not the form that this endpoint takes.' }];
}

function isInChoice(errors: readonly SchemaError[], error: SchemaError): boolean {
  return errors.some((other) => other.keyword === 'anyOf' && error.schemaPath.startsWith(`${other.schemaPath}/anyOf`));
}

function missing(at: string, names: readonly string[]): Complaint[] {
  return names.map((name) => ({
    field: within(at, name),
    code: 'missing_field',
    message: `${within(at, name)} is missing.`,
  }));
}

function unknown(at: string, names: readonly string[], known: readonly string[]): Complaint[] {
  return names.map((name) => {
    const near = meant(name, known);
    return {
      field: within(at, name),
      code: 'invalid',
      message:
        `${within(at, name)} is not a field that this endpoint takes.` +
        (near === null ? '' : ` Is ${within(at, near)} meant?`),
    };
  });
}

function within(at: string, name: string): string {
  return (at === '' ? name : `${at}.${name}`).slice(0, 100);
}

function ruleOf(error: SchemaError, schema: TSchema): string {
  if (error.keyword === 'anyOf') return `must be ${choicesIn(partOf(schema, error.schemaPath))}`;
  if (error.keyword === 'enum')
    return (
      `must be one of ` +
      `${(error.params['allowedValues'] as unknown[] | undefined)?.join(', ') ?? 'the listed values'}`
    );
  return error.message;
}

/** `approve or deny`, `a string or null`: what a choice offers. */
function choicesIn(part: unknown): string {
  const options = (part as { anyOf?: readonly { const?: unknown; type?: string }[] } | undefined)?.anyOf ?? [];
  return options
    .map((option) => (option.const === undefined ? (option.type ?? 'something else') : JSON.stringify(option.const)))
    .join(' or ');
}

function partOf(schema: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], schema);
}

/** ISO 8601 with a time zone, in the years 1970 to 9999, as unix seconds. @throws Problem for anything else */
export function instantOf(text: string, field: string): UnixSeconds {
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at) || at < 0)
    throw problem('invalid', `${field} is an instant in ISO 8601: 2026-11-21T08:00:00Z.`, field);
  return Math.floor(at / 1000);
}
