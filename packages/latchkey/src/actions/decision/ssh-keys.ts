/**
 * Whose an SSH key is, for the programs that sshd starts.
 *
 * Invariant: a session is judged by the key as it is stored now: one that was removed opens nothing more.
 */
import { anyDeployKey, type DeployKey, deployKeyByFingerprint } from '../../store/deploy-keys.ts';
import type { Context } from '../ground/context.ts';
import type { Identity } from './authenticate.ts';

/** How sshd's programs name a key to the server: `deploy-12`. */
const NAME = /^deploy-(\d{1,15})$/;

/** The key with a fingerprint as sshd gives it (`SHA256:…`): its name, and the key itself, without a comment. */
export async function sshKeyOf(ctx: Context, fingerprint: string): Promise<{ name: string; text: string } | null> {
  const [, digest] = /^SHA256:([A-Za-z0-9+/]{43})$/.exec(fingerprint) ?? [];
  if (digest === undefined) return null;
  const key = await deployKeyByFingerprint(ctx.store.db, digest);
  return key === null ? null : { name: `deploy-${key.id}`, text: key.text };
}

/** Who comes with the key of that name; null when there is none (any more). */
export async function identityOfKey(ctx: Context, name: string): Promise<Identity | null> {
  const id = NAME.exec(name)?.[1];
  const key = id === undefined ? null : await anyDeployKey(ctx.store.db, Number(id));
  return key === null ? null : ofDeployKey(key);
}

function ofDeployKey({ id, fingerprint, repositoryId, readOnly }: DeployKey): Identity {
  const key = { id, fingerprint: `SHA256:${fingerprint}`, deploys: { repositoryId, readOnly } };
  return { bearer: { via: 'key', key, user: null }, facts: null, endsOverlap: false };
}
