/**
 * Groups as a directory provisions them: made, changed, filled, deleted. What they stand for is said by rules
 * (`group-rules`).
 *
 * Invariant: a directory reaches its own groups, with its own people, and nobody else's.
 * Invariant: when a call has returned, everybody whom it moved is where the groups say. A job does it again, so a
 * server that died in between leaves nobody where they don't belong.
 */
import { type Problem, problem } from '../../base/errors.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import { nameTextProblem } from '../../rules/names.ts';
import type { Query } from '../../store/db.ts';
import { isUniqueViolation } from '../../store/db.ts';
import {
  changeGroupMembers,
  countGroups,
  deleteGroup,
  type GroupSearch,
  groupById,
  groupsOfPeople,
  insertGroup,
  membersOfGroup,
  type ProvisionedGroup,
  provisionedAmong,
  searchGroups,
  updateGroup,
} from '../../store/provisioned-groups.ts';
import { type Actor, type Context, UPKEEP } from '../ground/context.ts';
import { enqueueJob, type JobPayloads } from '../ground/jobs.ts';
import { record } from '../ground/record.ts';
import { sourceOfDirectory, syncGroups } from '../identity/group-sync.ts';
import type { Directory } from './clients.ts';

export type { GroupSearch };

const MAX_GROUP_NAME_LENGTH = 256;
/** The most groups of one directory. */
const MAX_GROUPS = 10_000;
/** The most people in one group. */
const MAX_GROUP_MEMBERS = 20_000;

/** A group with who is in it. */
export interface GroupView {
  readonly group: ProvisionedGroup;
  readonly members: readonly number[];
}

/** What a directory asks for. */
export interface GroupWish {
  readonly name: string;
  readonly externalId: string | null;
  /** Null = as they are. */
  readonly members: readonly number[] | null;
}

/** A page of the directory's groups, and how many there are. @param withMembers false leaves who is in them out */
export async function listGroups(
  ctx: Context,
  { client }: Directory,
  search: GroupSearch,
  { withMembers, ...page }: { readonly offset: number; readonly limit: number; readonly withMembers: boolean },
): Promise<{ readonly groups: GroupView[]; readonly total: number }> {
  const { db } = ctx.store;
  const { found, total } = await searchGroups(db, client.id, search, page);
  const groups: GroupView[] = [];
  for (const group of found) groups.push({ group, members: withMembers ? await membersOfGroup(db, group.id) : [] });
  return { groups, total };
}

/** @throws Problem `not_found` when the directory has no such group */
export async function readGroup({ store: { db } }: Context, directory: Directory, id: number): Promise<GroupView> {
  const group = await ofDirectory(db, directory, id);
  return { group, members: await membersOfGroup(db, id) };
}

async function ofDirectory(q: Query, { client }: Directory, id: number): Promise<ProvisionedGroup> {
  const group = await groupById(q, id);
  if (group === null || group.clientId !== client.id) throw problem('not_found', 'There is no such group.');
  return group;
}

/** Makes a group. @throws Problem when the name is taken or not allowed, or a member is nobody of the directory's */
export async function provisionGroup(ctx: Context, directory: Directory, wish: GroupWish): Promise<GroupView> {
  demandFit(wish);
  const { client } = directory;
  const at = ctx.clock.now();
  const members = wish.members ?? [];
  const group = await orTaken(wish.name, () =>
    ctx.store.transaction(async (tx) => {
      if ((await countGroups(tx, client.id)) >= MAX_GROUPS)
        throw problem('limit_reached', `This directory has ${MAX_GROUPS} groups, which is the limit.`);
      await demandOwn(tx, directory, members);
      const made = await insertGroup(tx, { clientId: client.id, name: wish.name, externalId: wish.externalId, at });
      await changeGroupMembers(tx, made.id, { added: members, removed: [] });
      await log(ctx, tx, directory, 'external_group.provision', { group: made.name, added: members.length });
      await syncLater(ctx, tx, client.id, members);
      return made;
    }),
  );
  await syncNow(ctx, directory, client.id, members);
  return readGroup(ctx, directory, group.id);
}

/**
 * Changes a group.
 * @param change what the directory wants of it now, from what is stored; called once, within the transaction
 * @throws Problem as `provisionGroup` does
 */
export async function changeGroup(
  ctx: Context,
  directory: Directory,
  id: number,
  change: (now: GroupView) => GroupWish,
): Promise<GroupView> {
  const { client } = directory;
  const moved = await ctx.store.transaction(async (tx) => {
    const group = await ofDirectory(tx, directory, id);
    const before = await membersOfGroup(tx, id);
    const wish = change({ group, members: before });
    demandFit(wish);
    const after = new Set(wish.members ?? before);
    const here = new Set(before);
    const [added, removed] = [[...after].filter((each) => !here.has(each)), before.filter((each) => !after.has(each))];
    const isNamed = wish.name !== group.name || wish.externalId !== group.externalId;
    if (!isNamed && added.length + removed.length === 0) return [];
    await demandOwn(tx, directory, added);
    if (isNamed) await orTaken(wish.name, () => updateGroup(tx, id, wish, ctx.clock.now()));
    await changeGroupMembers(tx, id, { added, removed });
    await log(ctx, tx, directory, 'external_group.update', {
      group: wish.name,
      ...(wish.name === group.name ? {} : { old_name: group.name }),
      added: added.length,
      removed: removed.length,
    });
    // With another name it stands for something else, for everybody who is in it.
    const who = isNamed ? [...new Set([...before, ...added])] : [...added, ...removed];
    await syncLater(ctx, tx, client.id, who);
    return who;
  });
  await syncNow(ctx, directory, client.id, moved);
  return readGroup(ctx, directory, id);
}

/** Deletes a group. Who was in it leaves the places that it alone gave. @throws Problem when there is none */
export async function removeGroup(ctx: Context, directory: Directory, id: number): Promise<void> {
  const { client } = directory;
  const members = await ctx.store.transaction(async (tx) => {
    const group = await ofDirectory(tx, directory, id);
    const members = await membersOfGroup(tx, id);
    await deleteGroup(tx, id);
    await log(ctx, tx, directory, 'external_group.delete', { group: group.name, removed: members.length });
    await syncLater(ctx, tx, client.id, members);
    return members;
  });
  await syncNow(ctx, directory, client.id, members);
}

function demandFit({ name, members }: GroupWish): void {
  if (name === '') throw problem('missing_field', 'A group needs a displayName.', 'displayName');
  if (name.length > MAX_GROUP_NAME_LENGTH)
    throw problem('invalid', `displayName has at most ${MAX_GROUP_NAME_LENGTH} characters.`, 'displayName');
  const unseen = nameTextProblem('displayName', name);
  if (unseen !== null) throw problem('invalid', unseen, 'displayName');
  if (members !== null && members.length > MAX_GROUP_MEMBERS)
    throw problem('limit_reached', `A group has at most ${MAX_GROUP_MEMBERS} members.`, 'members');
}

async function demandOwn(tx: Query, { client }: Directory, members: readonly number[]): Promise<void> {
  const own = await provisionedAmong(tx, client.id, members);
  const stranger = members.find((id) => !own.has(id));
  if (stranger !== undefined)
    throw problem('invalid', `There is no person ${stranger} of this directory: provision them first.`, 'members');
}

async function orTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error)) throw taken(name);
    throw error;
  }
}

function taken(name: string): Problem {
  return problem('already_exists', `This directory has a group ${name} already.`, 'displayName');
}

function log(
  ctx: Context,
  tx: Query,
  directory: Directory,
  action: 'external_group.provision' | 'external_group.update' | 'external_group.delete',
  data: object,
): Promise<void> {
  return record(tx, directory, ctx.clock.now(), { action, data: { ...data, client: directory.client.name } });
}

/** How many people are moved in one transaction, so that others need not wait for thousands. */
const AT_ONCE = 100;
/** By then, a call that had begun has ended. */
const AGAIN_AFTER_SEC = MINUTE_SEC;

/** Has people put where their groups say, a minute from now, in the transaction that changed these. */
export async function syncLater(ctx: Context, tx: Query, clientId: number, userIds: readonly number[]): Promise<void> {
  if (userIds.length === 0) return;
  const runAt = ctx.clock.now() + AGAIN_AFTER_SEC;
  await enqueueJob(tx, { kind: 'sync-groups', payload: { clientId, userIds }, runAt });
}

/** Puts people where their groups at a directory say. */
export async function syncNow(
  ctx: Context,
  by: { readonly actor: Actor },
  clientId: number,
  userIds: readonly number[],
): Promise<void> {
  for (let from = 0; from < userIds.length; from += AT_ONCE)
    await ctx.store.transaction(async (tx) => {
      const groups = await groupsOfPeople(tx, clientId, userIds.slice(from, from + AT_ONCE));
      await syncGroups(ctx, tx, by, { source: sourceOfDirectory(clientId), groups });
    });
}

/** The job: what a call may have left undone. */
export async function syncAgain(ctx: Context, { clientId, userIds }: JobPayloads['sync-groups']): Promise<void> {
  await syncNow(ctx, { actor: UPKEEP }, clientId, userIds);
}
