/**
 * People's passwords: argon2id with OWASP's parameters (Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane).
 *
 * Never: a password stored, logged, or compared by anything but argon2.
 */
import { hash, verify } from '@node-rs/argon2';
import { once } from '../../base/once.ts';
import type { Secret } from '../../base/secret.ts';
import { MAX_PASSWORD_LENGTH } from '../../rules/password.ts';

/** Argon2id: the library's const enum can't be read under `isolatedModules`. */
const ARGON2ID = 2;
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The digest to store, in PHC form. */
export function digestPassword(password: Secret): Promise<string> {
  return hash(password.reveal(), PARAMETERS);
}

/** A digest of something nobody knows, so that checking a missing account takes as long as an existing one. */
const decoy = once(() => hash(crypto.randomUUID(), PARAMETERS));

/** True when the password matches the digest. Without a digest it takes the same time and is false. */
export async function checkPassword(digest: string | null, password: Secret): Promise<boolean> {
  if ([...password.reveal()].length > MAX_PASSWORD_LENGTH) return false;
  // The first caller starts it, even one who doesn't need it: otherwise those who do would wait longer.
  const spare = decoy();
  const fits = await verify(digest ?? (await spare), password.reveal());
  return digest !== null && fits;
}
