/**
 * Whose an SSH key is, for the programs that sshd starts.
 *
 * Invariant: a session is judged by the key as it is stored now: one that was removed opens nothing more.
 * Invariant: a key that a person and a repository have, as two who add it in one moment could have it, opens nothing.
 */
import { MINUTE_SEC } from '../../base/time.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import { anyDeployKey, deployKeyByFingerprint } from '../../store/deploy-keys.ts';
import { noteSshKeyUse, sshKeyByFingerprint, sshKeyById } from '../../store/ssh-keys.ts';
import type { Context } from '../ground/context.ts';
import type { Identity } from './authenticate.ts';

/** How sshd's programs name a key to the server: `user-5`, `deploy-12`. */
const NAME = /^(user|deploy)-(\d{1,15})$/;
/** Last use is a help for people: it is this exact. */
const USE_EVERY_SEC = MINUTE_SEC;

/** The key with a fingerprint as sshd gives it (`SHA256:…`): its name, and the key itself, without a comment. */
export async function sshKeyOf(ctx: Context, fingerprint: string): Promise<{ name: string; text: string } | null> {
  const [, digest] = /^SHA256:([A-Za-z0-9+/]{43})$/.exec(fingerprint) ?? [];
  if (digest === undefined) return null;
  const own = await sshKeyByFingerprint(ctx.store.db, digest);
  const deploy = await deployKeyByFingerprint(ctx.store.db, digest);
  if (own !== null && deploy !== null) return null;
  if (own !== null) return { name: `user-${own.id}`, text: own.text };
  return deploy === null ? null : { name: `deploy-${deploy.id}`, text: deploy.text };
}

/** Who comes with the key of that name; null when there is none (any more). Notes that it was used. */
export async function identityOfKey(ctx: Context, name: string): Promise<Identity | null> {
  const [, kind, digits] = NAME.exec(name) ?? [];
  if (digits === undefined) return null;
  const id = Number(digits);
  const found = await (kind === 'user' ? ofPerson(ctx, id) : ofRepository(ctx, id));
  if (found !== null) await noteUse(ctx, kind === 'user' ? 'ssh_keys' : 'deploy_keys', id);
  return found;
}

async function ofPerson(ctx: Context, id: number): Promise<Identity | null> {
  const key = await sshKeyById(ctx.store.db, id);
  const facts = key === null ? null : await readUserFacts(ctx.store.db, key.userId);
  if (key === null || facts === null) return null;
  const record = { id, fingerprint: `SHA256:${key.fingerprint}`, deploys: null };
  return { bearer: { via: 'key', key: record, user: facts.user }, facts, endsOverlap: false };
}

async function ofRepository(ctx: Context, id: number): Promise<Identity | null> {
  const found = await anyDeployKey(ctx.store.db, id);
  if (found === null) return null;
  const { fingerprint, repositoryId, readOnly } = found;
  const key = { id, fingerprint: `SHA256:${fingerprint}`, deploys: { repositoryId, readOnly } };
  return { bearer: { via: 'key', key, user: null }, facts: null, endsOverlap: false };
}

/** Never rejects: a full disk must not keep anybody from reading. */
async function noteUse(ctx: Context, table: 'ssh_keys' | 'deploy_keys', id: number): Promise<void> {
  const at = ctx.clock.now();
  try {
    await noteSshKeyUse(ctx.store.db, table, id, { at, after: at - USE_EVERY_SEC });
  } catch (error) {
    ctx.log.warn({ err: error }, 'the last use of an SSH key could not be noted');
  }
}
