/**
 * Somebody who opens the address that a refusal offers, sends the form as it is filled in, and uses what comes of it.
 */
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { editToken } from '../../src/actions/tokens/edits.ts';
import { regenerateToken } from '../../src/actions/tokens/secrets.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { readTokenDraft } from '../../src/doors/web/tokens/form/draft.ts';
import type { GrantDraft } from '../../src/rules/draft.ts';
import { accountById } from '../../src/store/accounts.ts';
import { grantsOf } from '../../src/store/grants.ts';
import { repositoriesByIds } from '../../src/store/repositories.ts';
import { tokenById } from '../../src/store/tokens.ts';
import type { Try, World } from './world.ts';

/** Follows the address, as Bob; gives the next try. @throws Error for an address that leads to no form */
export async function follow(world: World, address: string, attempt: Try): Promise<Try> {
  const url = new URL(address);
  const [, kind, target] =
    /^\/(settings\/personal-access-tokens|settings\/tokens|-\/user_settings\/personal_access_tokens)(?:\/(new|\d+))?$/.exec(
      url.pathname,
    ) ?? [];
  if (kind === undefined) throw new Error(`nothing can be done at ${address}`);
  if (target === undefined || target === 'new')
    return { ...attempt, secret: await made(world, kind, url.searchParams) };
  const id = Number(target);
  if (url.search === '') return { ...attempt, secret: await regenerated(world, id) };
  await edited(world, id, url.searchParams);
  return attempt;
}

async function made(world: World, kind: string, query: URLSearchParams): Promise<string> {
  const { context } = world.server;
  const scopes = (query.get('scopes') ?? '').split(',').filter((scope) => scope !== '');
  const other = {
    userLogin: 'bob',
    name: `${query.get('name') ?? query.get('description')} 2`,
    description: '',
    scopes,
    grants: [],
  };
  const draft =
    kind === 'settings/personal-access-tokens'
      ? { ...readTokenDraft(query, 'bob'), name: other.name }
      : { ...other, kind: kind === 'settings/tokens' ? ('classic' as const) : ('scoped' as const) };
  return (await createToken(context, operatorPermit(), draft)).secret.reveal();
}

/** The page of a token without anything filled in: it is regenerated, with a life that every policy here allows. */
async function regenerated(world: World, id: number): Promise<string> {
  const { context } = world.server;
  const { usesLeft } = (await tokenById(context.store.db, id))!;
  const { secret } = await regenerateToken(context, operatorPermit(), id, { expiresInDays: 5 });
  if (usesLeft === 0) await editToken(context, operatorPermit(), id, { usesLeft: null });
  return secret.reveal();
}

/** What the address fills in is added to what the token has. */
async function edited(world: World, id: number, query: URLSearchParams): Promise<void> {
  const { context } = world.server;
  const token = (await tokenById(context.store.db, id))!;
  if (token.kind !== 'fine-grained') {
    const added = query.get('scopes')!.split(',');
    return void (await editToken(context, operatorPermit(), id, { scopes: [...token.scopes, ...added] }));
  }
  const before = await grantDrafts(world, id);
  const [added] = readTokenDraft(query, 'bob').grants;
  const owner = added!.owner === '' ? before[0]!.owner : added!.owner;
  const there = before.find((grant) => grant.owner === owner);
  const grants =
    there === undefined
      ? [...before, { ...added!, owner }]
      : before.map((grant) => (grant === there ? merged(grant, added!) : grant));
  await editToken(context, operatorPermit(), id, { grants });
}

function merged(grant: GrantDraft, added: GrantDraft): GrantDraft {
  return {
    ...grant,
    permissions: { ...grant.permissions, ...added.permissions },
    repositories: [...new Set([...grant.repositories, ...(grant.selection === 'selected' ? added.repositories : [])])],
  };
}

async function grantDrafts(world: World, id: number): Promise<GrantDraft[]> {
  const { db } = world.server.context.store;
  const grants = (await grantsOf(db, [id])).get(id) ?? [];
  return Promise.all(
    grants.map(async (grant) => ({
      owner: (await accountById(db, grant.ownerId))!.login,
      selection: grant.selection,
      justification: null,
      permissions: { ...grant.permissions } as Record<string, string>,
      repositories: [...(await repositoriesByIds(db, [...grant.repositoryIds])).values()].map(({ name }) => name),
    })),
  );
}
