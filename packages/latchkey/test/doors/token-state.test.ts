/** A token's state is the same at every door: pages, both REST dialects, introspection, the operator's list. */
import Fastify from 'fastify';
import { expect, it, test } from 'vitest';
import { addOrganization, setMember, suspendUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { reviewRequests, revokeAccess } from '../../src/actions/organizations/approvals.ts';
import { changePolicy } from '../../src/actions/organizations/policy-change.ts';
import { introspect } from '../../src/actions/questions/introspection.ts';
import { editToken } from '../../src/actions/tokens/edits.ts';
import { rotateToSuccessor } from '../../src/actions/tokens/families.ts';
import { createToken, listTokens, revokeToken } from '../../src/actions/tokens/tokens.ts';
import { Secret } from '../../src/base/secret.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { githubDoor } from '../../src/doors/github/door.ts';
import { gitlabDoor } from '../../src/doors/gitlab/door.ts';
import { LIST_PATHS } from '../../src/doors/web/tokens/kinds.ts';
import type { TokenDraft } from '../../src/rules/draft.ts';
import type { GrantDraft } from '../../src/rules/grant-draft.ts';
import type { TokenKind } from '../../src/rules/model.ts';
import type { TokenState } from '../../src/rules/token-state.ts';
import { grantsOf } from '../../src/store/grants.ts';
import { listRequests } from '../../src/store/requests.ts';
import { type WebWorld, webWorld } from './web/visitor.ts';

const OPERATOR = operatorPermit();

const grantTo = (owner: string): GrantDraft => ({
  owner,
  selection: 'all',
  repositories: [],
  permissions: { contents: 'read' },
  justification: null,
});

/** Ada is a member of Acme, which requires approval, and of Open, which doesn't; Root looks at everything. */
async function members(): Promise<WebWorld> {
  const world = await webWorld();
  for (const [login, admin] of [
    ['ada', false],
    ['boss', false],
    ['root', true],
  ] as const)
    await world.addPerson(login, { admin });
  for (const name of ['acme', 'open']) {
    await addOrganization(world.ctx, OPERATOR, { name, owner: 'boss' });
    await setMember(world.ctx, OPERATOR, { organization: name, login: 'ada', role: 'member' });
  }
  await changePolicy(world.ctx, OPERATOR, 'open', { requiresApproval: false });
  return world;
}

const made = async ({ ctx }: WebWorld, given: Partial<TokenDraft> = {}) => {
  const draft = { userLogin: 'ada', kind: 'fine-grained', name: 'it', description: '', scopes: [] } as const;
  const { secret, token } = await createToken(ctx, OPERATOR, { ...draft, grants: [grantTo('open')], ...given });
  return { id: token.id, secret: secret.reveal() };
};
const classic: Partial<TokenDraft> = { kind: 'classic', scopes: ['repo'], grants: [] };

async function review({ ctx }: WebWorld, tokenId: number, action: 'approve' | 'deny'): Promise<void> {
  const [request] = await listRequests(ctx.store.db, { tokenId, state: 'pending' }, { beforeId: null, limit: 1 });
  await reviewRequests(ctx, OPERATOR, { organization: 'acme', requestIds: [request?.id ?? 0], action, reason: null });
}

type Made = { readonly id: number; readonly secret: string };
/**
 * [what, how it came about, its state, the label on pages ('' = none), what GitLab calls active, whether introspection
 * does]
 */
const STORIES: readonly [string, (world: WebWorld) => Promise<Made>, TokenState, string, boolean, boolean][] = [
  ['a grant in force', (world) => made(world), 'active', '', true, true],
  [
    'one grant in force, one that waits',
    (world) => made(world, { grants: [grantTo('open'), grantTo('acme')] }),
    'active',
    '',
    true,
    true,
  ],
  [
    'a grant that waits',
    (world) => made(world, { grants: [grantTo('acme')] }),
    'pending',
    'Pending approval',
    true,
    true,
  ],
  [
    'a grant that waits, and a beginning to come',
    (world) => made(world, { grants: [grantTo('acme')], notBeforeAt: world.ctx.clock.now() + DAY_SEC }),
    'not_yet_valid',
    'Not yet valid',
    true,
    false,
  ],
  [
    'a grant that was denied',
    async (world) => {
      const token = await made(world, { grants: [grantTo('acme')] });
      await review(world, token.id, 'deny');
      return token;
    },
    'denied',
    'Denied',
    true,
    true,
  ],
  [
    'a grant that was approved and taken back',
    async (world) => {
      const token = await made(world, { grants: [grantTo('acme')] });
      await review(world, token.id, 'approve');
      const [grant] = (await grantsOf(world.ctx.store.db, [token.id])).get(token.id) ?? [];
      await revokeAccess(world.ctx, OPERATOR, 'acme', [grant?.id ?? 0]);
      return token;
    },
    'access_revoked',
    'Access revoked',
    true,
    true,
  ],
  [
    'a kind that the organization forbids now',
    async (world) => {
      const token = await made(world);
      await changePolicy(world.ctx, OPERATOR, 'open', { allowed: { 'fine-grained': false } });
      return token;
    },
    'blocked',
    'Blocked by policy',
    true,
    true,
  ],
  [
    'a kind that the instance forbids now',
    async (world) => {
      const token = await made(world, classic);
      await changePolicy(world.ctx, OPERATOR, null, { allowed: { classic: false } });
      return token;
    },
    'blocked',
    'Blocked by policy',
    true,
    false,
  ],
  [
    'its last use spent',
    async (world) => {
      const token = await made(world, { usesLeft: 1 });
      await world.ctx.store.transaction((tx) => tx.updateTable('tokens').set({ uses_left: 0 }).execute());
      return token;
    },
    'used_up',
    'Used up',
    false,
    false,
  ],
  [
    'its end behind it',
    async (world) => {
      const token = await made(world, { expiresInDays: 1 });
      world.ctx.clock.advance(DAY_SEC);
      return token;
    },
    'expired',
    'Expired',
    false,
    false,
  ],
  [
    'another in its place by rotation',
    async (world) => {
      const token = await made(world, { kind: 'scoped', scopes: ['read_api'], grants: [] });
      await rotateToSuccessor(world.ctx, OPERATOR, token.id, {});
      return token;
    },
    'replaced',
    'Replaced',
    false,
    false,
  ],
  [
    'an end that its owner made',
    async (world) => {
      const token = await made(world);
      await revokeToken(world.ctx, OPERATOR, token.id);
      return token;
    },
    'revoked',
    'Revoked',
    false,
    false,
  ],
];

async function api({ ctx }: WebWorld, token: string) {
  const fastify = Fastify({ logger: false });
  await fastify.register(githubDoor(ctx), { prefix: '/api/v3' });
  await fastify.register(gitlabDoor(ctx), { prefix: '/api/v4' });
  return async (url: string): Promise<unknown> => {
    const answer = await fastify.inject({ url, headers: { authorization: `Bearer ${token}` } });
    expect(answer.statusCode).toBe(200);
    return answer.json();
  };
}

it.each(STORIES)('a token with %s is in one state at every door', async (_what, begin, state, label, active, told) => {
  const world = await members();
  const { id, secret } = await begin(world);
  const root = await made(world, {
    userLogin: 'root',
    grants: [{ ...grantTo('instance'), permissions: { instance_personal_access_tokens: 'read' } }],
  });
  const admin = await made(world, { userLogin: 'root', kind: 'scoped', scopes: ['api', 'admin_mode'], grants: [] });
  const [github, gitlab] = await Promise.all([api(world, root.secret), api(world, admin.secret)]);
  const { kind } = (await github(`/api/v3/enterprise/personal-access-tokens/${id}`)) as { kind: TokenKind };
  expect(await github(`/api/v3/enterprise/personal-access-tokens/${id}`)).toMatchObject({ state });
  expect(await gitlab(`/api/v4/personal_access_tokens/${id}`)).toMatchObject({ active });
  const listed = (await gitlab(`/api/v4/personal_access_tokens?state=${active ? 'active' : 'inactive'}`)) as Made[];
  expect(listed.map((token) => token.id)).toContain(id);
  expect((await listTokens(world.ctx, OPERATOR, 'ada')).find((token) => token.id === id)?.state).toBe(state);
  expect((await introspect(world.ctx, new Secret(secret), '192.0.2.1')) !== null).toBe(told);

  const visitor = world.visitor();
  await visitor.signIn('ada');
  const { text } = await visitor.get(`${LIST_PATHS[kind]}/${id}`);
  const marked = /<p class="lk-says[^>]*><span class="Label [^>]*>(?:<svg.*?<\/svg>)?([^<]*)/.exec(text);
  expect(marked?.[1] ?? '').toBe(label);
});

it('a suspended person’s token says so, and no longer works', async () => {
  const world = await members();
  const { id, secret } = await made(world);
  await suspendUser(world.ctx, OPERATOR, 'ada');
  expect((await listTokens(world.ctx, OPERATOR, 'ada')).find((token) => token.id === id)?.state).toBe(
    'owner_suspended',
  );
  expect(await introspect(world.ctx, new Secret(secret), '192.0.2.1')).toBeNull();
});

test('introspection names no grant that a policy keeps out, so that servers which go by it are right', async () => {
  const world = await members();
  const { id, secret } = await made(world, { grants: [grantTo('open'), grantTo('')] });
  const owners = async () =>
    (await introspect(world.ctx, new Secret(secret), '192.0.2.1'))?.grants.map(({ owner }) => owner);
  expect(await owners()).toEqual(['open', 'ada']);
  await changePolicy(world.ctx, OPERATOR, 'open', { allowed: { 'fine-grained': false } });
  expect(await owners()).toEqual(['ada']);
  await editToken(world.ctx, OPERATOR, id, { name: 'still editable' });
});
