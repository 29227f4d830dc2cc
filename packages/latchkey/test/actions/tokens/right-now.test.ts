/**
 * The sentence about a token follows its owner: a role that is lost, a policy that is set, a repository that is
 * archived shows in it at once, to the token's owner and to an organization's owners.
 */
import { expect, it } from 'vitest';
import { addOrganization, addUser, removeMember, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { revokeAccess } from '../../../src/actions/organizations/approvals.ts';
import { reachingTable } from '../../../src/actions/organizations/lists.ts';
import { changeMemberTokens } from '../../../src/actions/organizations/member-tokens.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addRepository, archiveRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { createToken, listTokens } from '../../../src/actions/tokens/tokens.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import { rightSentence, worksToday } from '../../../src/rules/right/right-sentence.ts';
import type { Engine } from '../../../src/store/db.ts';
import { grantsOf } from '../../../src/store/grants.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const OPERATOR = operatorPermit();

/** Ada owns acme, which approves by itself; Bob is a member who may read there, and write in acme/site. */
async function world(engine: Engine): Promise<TestContext> {
  const ctx = await contextWith({}, engine);
  for (const login of ['ada', 'bob'])
    await addUser(ctx, OPERATOR, {
      login,
      email: `${login}@example.org`,
      verified: true,
      admin: false,
      password: null,
    });
  await addOrganization(ctx, OPERATOR, { name: 'acme', owner: 'ada' });
  await changePolicy(ctx, OPERATOR, 'acme', { requiresApproval: false });
  await setMember(ctx, OPERATOR, { organization: 'acme', login: 'bob', role: 'member' });
  for (const [owner, name] of [
    ['acme', 'site'],
    ['acme', 'tools'],
    ['acme', 'wiki'],
    ['bob', 'notes'],
  ] as const)
    await addRepository(ctx, OPERATOR, { owner, name, visibility: 'private' });
  await setCollaborator(ctx, OPERATOR, { owner: 'acme', name: 'site', login: 'bob', role: 'write' });
  return ctx;
}

async function make(ctx: TestContext, given: Partial<TokenDraft>): Promise<number> {
  const { token } = await createToken(ctx, OPERATOR, {
    userLogin: 'bob',
    kind: 'classic',
    name: `t${given.kind}`,
    description: '',
    scopes: [],
    grants: [],
    ...given,
  });
  return token.id;
}

const CODE_IN_ACME: Partial<TokenDraft> = {
  kind: 'fine-grained',
  grants: [
    { owner: 'acme', selection: 'all', repositories: [], permissions: { contents: 'write' }, justification: null },
  ],
};

async function told(ctx: TestContext): Promise<string> {
  const [view] = await listTokens(ctx, OPERATOR, 'bob');
  return view === undefined ? '' : `${worksToday(view) ? '' : '(nothing) '}${rightSentence(view, 'owner')}`;
}

async function toldToOwners(ctx: TestContext): Promise<string[]> {
  const wish = { text: '', tab: 'all', sort: 'created', descending: true, page: 1, filter: {} } as const;
  return (await reachingTable(ctx, OPERATOR, 'acme', wish)).rows.map(({ sentence }) => sentence);
}

it.each(ENGINES)('a fine-grained token is said to do what its owner may do today [%s]', async (engine) => {
  const ctx = await world(engine);
  const id = await make(ctx, CODE_IN_ACME);
  const grantId = (await grantsOf(ctx.store.db, [id])).get(id)?.[0]?.id ?? 0;
  const owners = () => toldToOwners(ctx);
  const MORE = 'More was granted in 2 repositories of acme, but your own role allows no more.';
  expect(await told(ctx)).toBe(`Can read and write code in acme/site; read code in 2 repositories of acme. ${MORE}`);
  expect(await owners()).toEqual([
    `Can read and write code in acme/site; read code in 2 repositories of acme. ${MORE.replace('your', 'their')}`,
  ]);
  await archiveRepository(ctx, OPERATOR, { owner: 'acme', name: 'site' });
  expect(await told(ctx)).toContain('More was granted in acme/site, but what is archived can only be read.');
  await changePolicy(ctx, OPERATOR, 'acme', { allowed: { 'fine-grained': false } });
  const FORBIDDEN =
    'May read and write code in all repositories of acme, but nothing now: acme forbids fine-grained tokens. Can ' +
    'read public repositories.';
  expect([await told(ctx), await owners()]).toEqual([`(nothing) ${FORBIDDEN}`, [FORBIDDEN]]);
  await changePolicy(ctx, OPERATOR, 'acme', { allowed: { 'fine-grained': null } });
  await revokeAccess(ctx, OPERATOR, 'acme', [grantId]);
  expect(await told(ctx)).toMatch(
    /^\(nothing\) Could .+ code in all repositories of acme until acme revoked it on \d+ \w+ \d+, \d+:\d+ UTC\./,
  );
});

it.each(ENGINES)('a classic token is said to reach what its owner reaches today [%s]', async (engine) => {
  const ctx = await world(engine);
  const id = await make(ctx, { scopes: ['repo'] });
  const owners = () => toldToOwners(ctx);
  const all = (count: number) => `Can read and write everything in every repository that you can, ${count} today.`;
  expect([await told(ctx), await owners()]).toEqual([all(4), [all(3).replace('you', 'they')]]);
  await changePolicy(ctx, OPERATOR, 'acme', { allowed: { classic: false } });
  expect(await told(ctx)).toBe(`${all(1)} Nothing in acme now: acme forbids classic tokens.`);
  expect(await owners()).toEqual([
    'May read and write everything in every repository that they can, but nothing now: acme forbids classic tokens. ' +
      'Can read public repositories.',
  ]);
  await changePolicy(ctx, OPERATOR, 'acme', { allowed: { classic: null } });
  await changeMemberTokens(ctx, OPERATOR, 'acme', 'revoke', { tokenIds: [id] });
  expect(await told(ctx)).toMatch(
    /, 1 today\. Could in acme, too, until acme revoked it on \d+ \w+ \d+, \d+:\d+ UTC\.$/,
  );
  await changeMemberTokens(ctx, OPERATOR, 'acme', 'restore', { tokenIds: [id] });
  await removeMember(ctx, OPERATOR, { organization: 'acme', login: 'bob', keepsRoles: true });
  expect(await told(ctx)).toBe(all(2));
});
