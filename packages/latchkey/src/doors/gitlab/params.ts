/**
 * Parameters as GitLab takes them: from the query, a form and JSON, together; unknown ones are ignored, as its
 * clients expect.
 *
 * Source: the words are those of GitLab's API (Grape): `name is missing`, `state does not have a valid value`, `id is
 * invalid`.
 * Invariant: all mistakes are reported at once; then nothing was done.
 */
import type { IncomingMessage } from 'node:http';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { Answer, badParams } from './refuse.ts';

/**
 * `datetime`: a date, or an instant in ISO 8601. `date`: the same, read as the 00:00 UTC of its day. Both give unix
 * seconds.
 */
type ParamType = 'string' | 'integer' | 'boolean' | 'date' | 'datetime' | 'strings' | 'objects';

interface ParamSpec {
  readonly type: ParamType;
  readonly required?: true;
  /** The only values allowed. */
  readonly values?: readonly string[];
}

export type ParamSpecs = Readonly<Record<string, ParamSpec>>;

interface TypeOf {
  string: string;
  integer: number;
  boolean: boolean;
  date: UnixSeconds;
  datetime: UnixSeconds;
  strings: readonly string[];
  objects: readonly Readonly<Record<string, unknown>>[];
}

type ValueOf<Spec extends ParamSpec> = Spec extends { values: readonly (infer Value)[] } ? Value : TypeOf[Spec['type']];
export type ValuesOf<Specs extends ParamSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { required: true }
    ? ValueOf<Specs[Name]>
    : ValueOf<Specs[Name]> | undefined;
};

type Raw = Readonly<Record<string, unknown>>;

/** The most values in a list. */
const MAX_LIST = 1000;
const INVALID = Symbol('invalid');
const DATETIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

const READ: Readonly<Record<ParamType, (value: unknown) => unknown>> = {
  string: (value) =>
    typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : INVALID,
  integer: (value) => (/^-?\d{1,15}$/.test(String(value)) ? Number(value) : INVALID),
  boolean: (value) =>
    /^(?:true|1|t|yes|on)$/i.test(String(value))
      ? true
      : /^(?:false|0|f|no|off)$/i.test(String(value))
        ? false
        : INVALID,
  date: (value) => dayOf(instantOf(value, DATETIME)),
  datetime: (value) => instantOf(value, DATETIME),
  strings: (value) => {
    const list = Array.isArray(value)
      ? value
      : typeof value === 'string'
        ? value.split(',').map((part) => part.trim())
        : [INVALID];
    return list.length <= MAX_LIST && list.every((part) => typeof part === 'string') ? list : INVALID;
  },
  objects: (value) => (Array.isArray(value) && value.length <= MAX_LIST && value.every(isObject) ? value : INVALID),
};

/** The 00:00 UTC of an instant's day. */
function dayOf(at: unknown): unknown {
  return typeof at === 'number' ? at - (at % DAY_SEC) : at;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function instantOf(value: unknown, form: RegExp): unknown {
  if (typeof value !== 'string' || !form.test(value)) return INVALID;
  const at = Date.parse(value.length === 10 || /(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value}Z`);
  // `2026-02-30` parses as 2 March: a day that doesn't exist isn't a date.
  return Number.isNaN(at) || (value.length === 10 && new Date(at).toISOString().slice(0, 10) !== value)
    ? INVALID
    : Math.floor(at / 1000);
}

/**
 * The parameters that an endpoint accepts, each with its type. Empty or null counts as not sent. `within` names the
 * parameter they are in.
 * @throws Answer
 */
export function checkParams(specs: ParamSpecs, raw: Raw, within: string | null = null): Record<string, unknown> {
  const wrong: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(specs)) {
    const given = Object.hasOwn(raw, key) ? raw[key] : undefined;
    const name = within === null ? key : `${within}[${key}]`;
    if (given === undefined || given === null || (given === '' && spec.type !== 'string')) {
      if (spec.required === true) wrong.push(`${name} is missing`);
      continue;
    }
    const value = READ[spec.type](given);
    if (value === INVALID) wrong.push(`${name} is invalid`);
    else if (spec.values !== undefined && !spec.values.includes(String(value)))
      wrong.push(`${name} does not have a valid value`);
    else values[key] = value;
  }
  if (wrong.length > 0) throw badParams(wrong);
  return values;
}

/** The query as an object: `scopes[]=a&scopes[]=b` is a list; for a name without brackets the last value counts. */
export function queryParams(query: URLSearchParams): Raw {
  const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of query) {
    const name = /^([^[\]]+)\[(?:\d{0,4})\]$/.exec(key)?.[1];
    if (name === undefined) found[key] = value;
    else found[name] = [...(Array.isArray(found[name]) ? (found[name] as string[]) : []), value];
  }
  return found;
}

/** The body as an object; no body is an empty one. @throws Answer when it is too long, or neither JSON nor a form */
export async function bodyParams(request: IncomingMessage, maxBytes: number): Promise<Raw> {
  const bytes = await readBytes(request, maxBytes);
  const type = request.headers['content-type']?.replace(/;.*$/s, '').trim().toLowerCase();
  if (type === 'multipart/form-data') return formParams(bytes, request.headers['content-type'] ?? '');
  const text = decoded(bytes);
  if (text.trim() === '') return {};
  if (type === 'application/x-www-form-urlencoded') return queryParams(new URLSearchParams(text));
  if (type !== 'application/json')
    throw new Answer({
      status: 415,
      body: { error: 'The provided content-type is not supported: send application/json' },
    });
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value as Raw;
  } catch {
    // reported below
  }
  throw badParams(['The request body is not a JSON object']);
}

/** A form as browsers send files (RFC 7578). Files in it are not read: no endpoint takes one. */
async function formParams(bytes: Buffer, type: string): Promise<Raw> {
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
    return queryParams(new URLSearchParams([...form].filter((field): field is [string, string] => isText(field[1]))));
  } catch {
    throw badParams(['The request body is not a multipart form']);
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new Answer({
        status: 413,
        body: { error: `The request body has more than ${maxBytes} bytes` },
        headers: { Connection: 'close' },
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badParams(['The request body is not UTF-8']);
  }
}
