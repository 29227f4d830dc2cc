/**
 * People's SSH keys: listed, added, removed. What a key opens, the decision says.
 *
 * Invariant: a key belongs to one person or one repository, whoever else shows it.
 * Invariant: a key that was added with a token ends with it, so that a leaked token leaves nothing behind.
 */
import { hash } from 'node:crypto';
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { nameTextProblem } from '../../rules/names.ts';
import { type SshKey as KeyText, readSshKey as readKeyText } from '../../rules/ssh-key.ts';
import type { Query } from '../../store/db.ts';
import { deployKeyByFingerprint } from '../../store/deploy-keys.ts';
import type { Page } from '../../store/page.ts';
import {
  deleteSshKey,
  insertSshKey,
  listSshKeys,
  type SshKey,
  sshKeyByFingerprint,
  sshKeyById,
} from '../../store/ssh-keys.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import { tellHolder } from '../accounts/alarms.ts';
import { readTargetAccount } from '../accounts/people.ts';
import type { Permit } from '../decision/authorize.ts';
import { refRulesOf } from '../decision/permit-target.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

export type { SshKey };

export const MAX_KEY_TITLE_LENGTH = 255;
/** How many keys a person may have: sshd's clients try six. */
export const MAX_SSH_KEYS = 100;
const IN_USE = 'key is already in use';

/** A key as it was typed, with what it is stored as. */
export interface ReadKey {
  readonly title: string;
  readonly text: string;
  readonly fingerprint: string;
}

/** Reads what somebody pasted. @throws Problem */
export function keyOfDraft(draft: { readonly title: string; readonly key: string }): ReadKey {
  const key = readKeyText(draft.key);
  if (typeof key === 'string') throw problem('invalid', key, 'key');
  const title = draft.title === '' ? nameOf(key) : draft.title;
  if (title.length > MAX_KEY_TITLE_LENGTH)
    throw problem('invalid', `A title has at most ${MAX_KEY_TITLE_LENGTH} characters.`, 'title');
  const unseen = nameTextProblem('A title', title);
  if (unseen !== null) throw problem('invalid', unseen, 'title');
  return {
    title,
    text: `${key.type} ${Buffer.from(key.blob).toString('base64')}`,
    fingerprint: hash('sha256', key.blob, 'base64').replace(/=+$/, ''),
  };
}

function nameOf({ comment, type }: KeyText): string {
  return comment === '' ? type : comment;
}

/** @throws Problem when a person or a repository has the key */
export async function demandFreeKey(tx: Query, fingerprint: string): Promise<void> {
  const isTaken =
    (await sshKeyByFingerprint(tx, fingerprint)) !== null || (await deployKeyByFingerprint(tx, fingerprint)) !== null;
  if (isTaken) throw problem('invalid', IN_USE, 'key');
}

/** Adds a key of the permit's person. @throws Problem when it isn't a key, is in use, or the token has ref rules */
export async function addSshKey(ctx: Context, permit: Permit, draft: { title: string; key: string }): Promise<SshKey> {
  const userId = holderOf(permit);
  if (refRulesOf(permit) !== null)
    throw problem('unprocessable', 'A token with ref rules adds no SSH keys: a key pushes to any ref.', 'key');
  const key = keyOfDraft(draft);
  const at = ctx.clock.now();
  return unlessTaken(IN_USE, 'key', () =>
    ctx.store.transaction(async (tx) => {
      await demandFreeKey(tx, key.fingerprint);
      if ((await listSshKeys(tx, userId, { beforeId: null, limit: MAX_SSH_KEYS })).length >= MAX_SSH_KEYS)
        throw problem('limit_reached', `A person has at most ${MAX_SSH_KEYS} SSH keys. Remove one first.`, 'key');
      const id = await insertSshKey(tx, { ...key, userId, createdByTokenId: permit.actor.tokenId, at });
      const facts = { title: key.title, fingerprint: `SHA256:${key.fingerprint}` };
      await record(tx, permit, at, { action: 'ssh_key.create', userId, data: facts });
      await tellHolder(ctx, tx, permit, 'ssh_keys_changed', {
        name: facts.title,
        print: facts.fingerprint,
        added: true,
      });
      return present(await sshKeyById(tx, id), `SSH key ${id}`);
    }),
  );
}

/** A page of the person's keys, the newest first. */
export function readSshKeys(ctx: Context, permit: Permit, page: Page): Promise<SshKey[]> {
  return listSshKeys(ctx.store.db, holderOf(permit), page);
}

/** A page of the public keys of whom the permit is about, the newest first. */
export async function readKeysOf(ctx: Context, permit: Permit, page: Page): Promise<SshKey[]> {
  return listSshKeys(ctx.store.db, (await readTargetAccount(ctx, permit)).id, page);
}

/** One of them. @throws Problem when there is none with that id */
export async function readSshKey(ctx: Context, permit: Permit, id: number): Promise<SshKey> {
  const key = await sshKeyById(ctx.store.db, id);
  if (key === null || key.userId !== holderOf(permit)) throw problem('not_found', `There is no SSH key ${id}.`, 'id');
  return key;
}

/** Removes one of them. @throws Problem when there is none with that id */
export async function removeSshKey(ctx: Context, permit: Permit, id: number): Promise<void> {
  const userId = holderOf(permit);
  await ctx.store.transaction(async (tx) => {
    const key = await sshKeyById(tx, id);
    if (key === null || !(await deleteSshKey(tx, userId, id)))
      throw problem('not_found', `There is no SSH key ${id}.`, 'id');
    const facts = { title: key.title, fingerprint: `SHA256:${key.fingerprint}` };
    await record(tx, permit, ctx.clock.now(), { action: 'ssh_key.delete', userId, data: facts });
    await tellHolder(ctx, tx, permit, 'ssh_keys_changed', {
      name: facts.title,
      print: facts.fingerprint,
      added: false,
    });
  });
}

/** The person whose keys a permit is about: its holder, by session or by a token with the permission. */
function holderOf({ actor }: Permit): number {
  if (actor.userId === null) throw new TypeError('only a person has SSH keys');
  return actor.userId;
}
