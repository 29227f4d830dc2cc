/**
 * A body as route maps look at it: one JSON object, or a batch of them, as JSON-RPC sends several calls at once.
 *
 * Invariant: a body is read only when it is declared as JSON in UTF-8, whole, and small; else the request is refused.
 * Never: a value of a body in a log or an answer, unless the map names it.
 */
import { type JsonFault, strictJson } from '../../base/requests/strict-json.ts';
import type { Demand } from '../../catalogue/route-maps/conditions.ts';
import { isInvisible, lookOf, type Reading } from '../../catalogue/route-maps/fork.ts';

/** The longest body that is looked at. */
export const MAX_BODY_BYTES = 256 * 1024;
/** The most messages in a batch. */
export const MAX_BATCH = 50;

/** A body as it came, or why it can't be looked at. */
export type SentBody = { readonly type: string | null; readonly encoding: string | null; readonly bytes: Uint8Array };

export type BodyFault =
  | JsonFault
  | 'body_missing'
  | 'body_incomplete'
  | 'body_too_large'
  | 'body_not_declared'
  | 'body_encoded'
  | 'body_no_object'
  | 'body_batch';

type JsonObject = Readonly<Record<string, unknown>>;

/** `application/json`, or a type of its own built on it (RFC 6839 section 3.1); UTF-8 if it names a charset. */
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json\s*(?:;\s*charset\s*=\s*(?:utf-8|"utf-8")\s*)?;?\s*$/i;

/** The messages of a body: one, or those of a batch. */
export function messagesOf({ type, encoding, bytes }: SentBody): readonly JsonObject[] | BodyFault {
  if (bytes.length === 0) return 'body_missing';
  if (bytes.length > MAX_BODY_BYTES) return 'body_too_large';
  if (type === null || !JSON_TYPE.test(type)) return 'body_not_declared';
  if (encoding !== null && encoding.trim().toLowerCase() !== 'identity') return 'body_encoded';
  const read = strictJson(bytes);
  if (typeof read === 'string') return read;
  const messages: readonly unknown[] = Array.isArray(read.value) ? read.value : [read.value];
  if (messages.length === 0 || messages.length > MAX_BATCH) return 'body_batch';
  return messages.every(isObject) ? messages : 'body_no_object';
}

/** What a message has in a field: `params.name`. */
export function fieldOf(message: JsonObject, { name }: Demand): Reading {
  let value: unknown = message;
  for (const part of name.split('.')) {
    if (!isObject(value)) return 'unclear';
    const names = Object.keys(value);
    // Some programs read names in any case, or end them at a NUL.
    if (names.some((each) => each !== part && (isInvisible(each) || lookOf(each) === lookOf(part)))) return 'unclear';
    if (!Object.hasOwn(value, part)) return null;
    value = value[part];
  }
  return typeof value === 'string' ? { text: value } : 'unclear';
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
