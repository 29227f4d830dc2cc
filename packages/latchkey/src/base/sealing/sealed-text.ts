/**
 * Sealing: text that must stay readable, but not to somebody who has only the database. AES-256-GCM (NIST SP 800-38D)
 * with a random nonce, under a key from a file.
 *
 * Invariant: text sealed for one place opens nowhere else, so nobody can move their own one-time-code key into
 * another person's row. The sealed text holds the key's id, so that old text opens after a rotation.
 * Never: a key in a message, a log or an inspection.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto';
import { Secret } from '../secret.ts';

declare const SEALED: unique symbol;
/** `sealed.KEY.DATA`: the key's id, then nonce, ciphertext and tag in base64url. */
export type Sealed = string & { readonly [SEALED]: true };

/** A key, with the id by which sealed texts name it. */
export interface SealingKey {
  /** 11 characters that reveal nothing about the key: 64 bits of a SHA-256. */
  readonly id: string;
  readonly key: KeyObject;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_LENGTH = 11;
const PREFIX = 'sealed.';
const FORM = /^sealed\.([\w-]{11})\.([\w-]{38,})$/;
const KEY_LINE = /^[\w+/-]{43}=?$/;

/** A new key as written in a file: 43 characters of base64url. */
export function newKeyText(): Secret {
  return new Secret(randomBytes(KEY_BYTES).toString('base64url'));
}

/**
 * The keys of a file: one per line, base64 or base64url of 32 bytes; lines that start with `#` are comments. Null = not
 * such a file.
 */
export function readKeys(text: string): readonly SealingKey[] | null {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0 || !lines.every((line) => KEY_LINE.test(line))) return null;
  return lines.map((line) => {
    const bytes = Buffer.from(line, 'base64');
    const id = hash('sha256', `latchkey sealing key ${bytes.toString('base64url')}`, 'base64url');
    return { id: id.slice(0, KEY_ID_LENGTH), key: createSecretKey(bytes) };
  });
}

/** Seals a text for one place: `webhooks.secret 7`. */
export function seal({ id, key }: SealingKey, place: string, text: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${PREFIX}${id}.${sealed.toString('base64url')}` as Sealed;
}

/** The id of the key that sealed a text; null when it isn't sealed. */
export function keyIdOf(text: string): string | null {
  return FORM.exec(text)?.[1] ?? null;
}

/** What was sealed; null when it was sealed with another key or for another place, or was changed. */
export function unseal({ key }: SealingKey, place: string, sealed: string): Secret | null {
  const bytes = Buffer.from(FORM.exec(sealed)?.[2] ?? '', 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(end));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
    return new Secret(text.toString('utf8'));
  } catch {
    return null;
  }
}
