/**
 * A string that must not be seen: a token, a password, a key.
 *
 * Invariant: the value leaves a `Secret` only through `reveal()`, which a reader can search for.
 * Never: printed, serialized, inspected or concatenated by accident; each of these gives `[redacted]`.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

const REDACTED = '[redacted]';

export class Secret {
  readonly #value: string;
  #digestKey: string | null = null;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call this where you use the value; don't keep the result. */
  reveal(): string {
    return this.#value;
  }

  /** SHA-256 of the value's UTF-8 bytes, base64url without padding (43 characters). This may be stored. */
  digest(): string {
    return digestOf(this.#value);
  }

  /** The digest as the key of a map: see `digestKeyOf`. Computed once. */
  digestKey(): string {
    return (this.#digestKey ??= digestKeyOf(this.#value));
  }

  /** Compares in a time that doesn't depend on the content of either value. */
  equals(other: Secret): boolean {
    return sameDigest(this.digest(), other.digest());
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** SHA-256 of bytes, or of a text's UTF-8 bytes, base64url without padding: 43 characters. */
export function digestOf(content: string | Uint8Array): string {
  return hash('sha256', content, 'base64url');
}

/** The same digest as 32 characters, one for each byte: the cheapest key for a map. Not for storing anywhere else. */
function digestKeyOf(text: string): string {
  return hash('sha256', text, 'binary');
}

/** The digest behind such a key, as `digestOf` writes it. */
export function digestOfKey(key: string): string {
  return Buffer.from(key, 'latin1').toString('base64url');
}

/** The key that such a digest stands for: `digestOfKey` the other way. */
export function keyOfDigest(digest: string): string {
  return Buffer.from(digest, 'base64url').toString('latin1');
}

/** Compares two digests of equal length in constant time. What has another length, in bytes, differs. */
export function sameDigest(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
