/** Secrets that are not tokens: for sessions, devices, links and forms. 256 random bits each, base64url. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Secret } from '../../base/secret.ts';

const SECRET_BYTES = 32;
/** The form of every such secret; anything else isn't even looked up. */
const FORM = /^[A-Za-z0-9_-]{43}$/;

export function mintSecret(): Secret {
  return new Secret(randomBytes(SECRET_BYTES).toString('base64url'));
}

/** A text as such a secret; null when it can't be one. */
export function readSecret(text: string | undefined): Secret | null {
  return text !== undefined && FORM.test(text) ? new Secret(text) : null;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function keyOf(secret: Secret): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret.reveal(), '', 'latchkey flash', 32));
}

/** Encrypts a text so that only the holder of the secret can read it (AES-256-GCM, key by HKDF). */
export function seal(secret: Secret, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** What was sealed; null when it was sealed with another secret, or damaged. */
export function unseal(secret: Secret, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, keyOf(secret), bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
