/**
 * What a client sent, read and checked against the schema that the endpoint declares.
 *
 * Invariant: all mistakes are reported at once, each with its field and its rule; then nothing was done.
 */
import type { IncomingMessage } from 'node:http';
import type { Validator } from 'typebox/compile';
import { type Complaint, Problem, problem } from '../../base/errors.ts';
import type { TSchema } from '../../base/json-schema.ts';
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

/** The JSON body, checked by the schema; an empty body is an empty object, as on GitHub. @throws Malformed, Problem */
export function checkBody(schema: TSchema, text: string): unknown {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new Malformed(400, 'Problems parsing JSON');
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject && !check(schema, value)) throw new Malformed(400, 'Body should be a JSON object');
  return checked(schema, value);
}

/**
 * The query, checked by the schema: `name[]` is a list, numbers and booleans are parsed. Null schema: no fields.
 * @throws Problem
 */
export function checkQuery(schema: TSchema | null, query: URLSearchParams, paged: boolean): unknown {
  const fields: Record<string, string | string[]> = {};
  for (const key of new Set(query.keys())) {
    if (paged && PAGING_FIELDS.includes(key)) continue;
    const all = query.getAll(key);
    const [first, ...others] = all;
    if (key.endsWith('[]')) fields[key.slice(0, -2)] = all;
    else fields[key] = first !== undefined && others.length === 0 ? first : all;
  }
  if (schema === null) return undefined;
  const { properties } = schema as { readonly properties?: Readonly<Record<string, FieldSchema>> };
  return checked(
    schema,
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asField(properties?.[name], value)])),
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

function checked(schema: TSchema, value: unknown): unknown {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return value;
  const complaints = complaintsOf(validator.Errors(value) as readonly SchemaError[], schema);
  throw new Problem(complaints.slice(0, MAX_COMPLAINTS));
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
  const inChoice = (error: SchemaError): boolean =>
    errors.some((other) => other.keyword === 'anyOf' && error.schemaPath.startsWith(`${other.schemaPath}/anyOf`));
  for (const error of errors) {
    if (error.keyword === 'boolean' || inChoice(error)) continue;
    const at = error.instancePath.slice(1).replaceAll('/', '.');
    if (error.keyword === 'required') complaints.push(...missing(at, error.params['requiredProperties'] as string[]));
    else if (error.keyword === 'additionalProperties')
      complaints.push(...unknown(at, error.params['additionalProperties'] as string[]));
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

function missing(at: string, names: readonly string[]): Complaint[] {
  return names.map((name) => ({
    field: within(at, name),
    code: 'missing_field',
    message: `${within(at, name)} is missing.`,
  }));
}

function unknown(at: string, names: readonly string[]): Complaint[] {
  return names.map((name) => ({
    field: within(at, name),
    code: 'invalid',
    message: `${within(at, name)} is not a field that this endpoint takes.`,
  }));
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
