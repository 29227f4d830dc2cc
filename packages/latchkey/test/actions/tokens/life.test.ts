/** The life of a token: edited, renewed, used up, passed on, ended. */
import { describe, expect, it } from 'vitest';
import { addOrganization, addUser, setMember } from '../../../src/actions/accounts/accounts.ts';
import { type AccessRequest, authorize, operatorPermit, type Permit } from '../../../src/actions/decision/authorize.ts';
import { ALERT_EVERY_SEC } from '../../../src/actions/decision/token-uses.ts';
import { changeMemberTokens } from '../../../src/actions/organizations/member-tokens.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { editToken } from '../../../src/actions/tokens/edits.ts';
import { MIN_OVERLAP_SEC, regenerateToken, rotateToken } from '../../../src/actions/tokens/secrets.ts';
import { authorizeToken, deauthorizeToken } from '../../../src/actions/tokens/single-sign-on.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { Problem } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { MAX_FINE_GRAINED_TOKENS, type TokenDraft } from '../../../src/rules/draft.ts';
import { type GrantDraft } from '../../../src/rules/grant-draft.ts';
import type { Need } from '../../../src/rules/model.ts';
import { NO_POLICY } from '../../../src/rules/policy.ts';
import { MAX_OVERLAP_SEC } from '../../../src/rules/token-state.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { listAudit } from '../../../src/store/audit.ts';
import type { Engine } from '../../../src/store/db.ts';
import { grantsOf } from '../../../src/store/grants.ts';
import { listMails } from '../../../src/store/outbox.ts';
import { setPolicy } from '../../../src/store/policies.ts';
import { listRequests } from '../../../src/store/requests.ts';
import { authorizeForOrganization } from '../../../src/store/token-organizations.ts';
import { tokenById } from '../../../src/store/tokens.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const OPERATOR = operatorPermit();
const SELF: Need = { sets: [{ personal_access_tokens: 'write' }], publicRead: false, writes: false };
const READ: Need = { sets: [{ contents: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ contents: 'write' }], publicRead: false, writes: true };

/** Ada owns Acme, Bob is a member; Acme/site is private, and Acme requires approval. */
async function world(engine: Engine = 'sqlite'): Promise<TestContext> {
  const ctx = await contextWith({}, engine);
  for (const login of ['Ada', 'Bob'])
    await addUser(ctx, OPERATOR, {
      login,
      email: `${login}@example.org`,
      verified: true,
      admin: false,
      password: null,
    });
  await addOrganization(ctx, OPERATOR, { name: 'Acme', owner: 'Ada' });
  await setMember(ctx, OPERATOR, { organization: 'Acme', login: 'Bob', role: 'member' });
  for (const [owner, name] of [
    ['Acme', 'site'],
    ['Acme', 'tools'],
    ['Bob', 'notes'],
  ] as const)
    await addRepository(ctx, OPERATOR, { owner, name, visibility: 'private' });
  return ctx;
}

const grant = (given: Partial<GrantDraft> = {}): GrantDraft => ({
  owner: '',
  selection: 'all',
  repositories: [],
  permissions: { contents: 'write' },
  justification: null,
  ...given,
});

async function make(
  ctx: TestContext,
  login: string,
  given: Partial<TokenDraft> = {},
  permit = OPERATOR,
): Promise<{ id: number; text: string }> {
  const { secret, token } = await createToken(ctx, permit, {
    userLogin: login,
    kind: 'fine-grained',
    name: `t${Math.random()}`,
    description: '',
    scopes: [],
    grants: [grant()],
    ...given,
  });
  return { id: token.id, text: secret.reveal() };
}

const on = (fullName: string): AccessRequest['target'] => ({
  kind: 'repository',
  owner: fullName.split('/')[0]!,
  name: fullName.split('/')[1]!,
});

async function verdict(
  ctx: TestContext,
  text: string,
  need: Need = READ,
  target: AccessRequest['target'] = on('Bob/notes'),
) {
  return authorize(ctx, {
    credential: { form: 'bearer', secret: new Secret(text) },
    need,
    target,
    address: '10.0.0.1',
    userAgent: 'test',
    purpose: 'test',
  });
}

async function outcome(...asked: Parameters<typeof verdict>): Promise<string> {
  const found = await verdict(...asked);
  return found.allowed ? 'yes' : found.explanation.reason;
}

/** The permit of a token for its user's own account. */
async function permitOf(ctx: TestContext, text: string): Promise<Permit> {
  const found = await verdict(ctx, text, SELF, { kind: 'account', login: null });
  if (!found.allowed) throw new Error(found.explanation.sentence);
  return found.permit;
}

async function complaintOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw new Error(`expected a problem, got ${String(error)}`);
  return error.complaints.map(({ code, message }) => `${code}: ${message}`).join(' | ');
}

describe('a new secret', () => {
  it('ends the old one at once when a token is regenerated, and starts a new life', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob', { expiresInDays: 7 });
    ctx.clock.advance(3 * DAY_SEC);
    const { secret, token } = await regenerateToken(ctx, OPERATOR, id);
    expect(token.expiresAt).toBe(ctx.clock.now() + 7 * DAY_SEC);
    expect(await outcome(ctx, text)).toBe('token_replaced');
    expect(await outcome(ctx, secret.reveal())).toBe('yes');
    expect((await listMails(ctx.store.db, { beforeId: null, limit: 9 })).map(({ template }) => template)).toContain(
      'token_regenerated',
    );
  });

  it('overlaps with the old one until its first use', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob');
    const { secret } = await rotateToken(ctx, OPERATOR, id);
    expect(await outcome(ctx, text)).toBe('yes');
    expect(await outcome(ctx, secret.reveal())).toBe('yes');
    expect(await outcome(ctx, text)).toBe('token_replaced');
    expect(await outcome(ctx, secret.reveal())).toBe('yes');
  });

  it('overlaps for the chosen time at most, which has bounds', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob');
    await rotateToken(ctx, OPERATOR, id, {}, MIN_OVERLAP_SEC);
    ctx.clock.advance(MIN_OVERLAP_SEC - 1);
    expect(await outcome(ctx, text)).toBe('yes');
    ctx.clock.advance(1);
    expect(await outcome(ctx, text)).toBe('token_replaced');
    for (const wrong of [MIN_OVERLAP_SEC - 1, MAX_OVERLAP_SEC + 1, 1.5]) {
      expect(await complaintOf((async () => rotateToken(ctx, OPERATOR, id, {}, wrong))())).toBe(
        `invalid: An overlap lasts 60 to 604800 seconds.`,
      );
    }
    await rotateToken(ctx, OPERATOR, id, {}, MAX_OVERLAP_SEC);
  });

  it('makes reuse of the old one an alert, one of many', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob');
    await regenerateToken(ctx, OPERATOR, id);
    const alerts = async (): Promise<number> =>
      (
        await listAudit(
          ctx.store.db,
          { tokenId: id, action: 'personal_access_token.replaced_credential_used' },
          { beforeId: null, limit: 9 },
        )
      ).length;
    await Promise.all([1, 2, 3].map(() => verdict(ctx, text)));
    expect(await alerts()).toBe(1);
    ctx.clock.advance(ALERT_EVERY_SEC - 1);
    await verdict(ctx, text);
    expect(await alerts()).toBe(1);
    ctx.clock.advance(1);
    await verdict(ctx, text);
    expect(await alerts()).toBe(2);
    expect(
      (await listMails(ctx.store.db, { beforeId: null, limit: 9 })).filter(
        ({ template }) => template === 'old_secret_used',
      ),
    ).toHaveLength(2);
  });

  it('is not given to a revoked token', async () => {
    const ctx = await world();
    const { id } = await make(ctx, 'Bob', { name: 'ci' });
    await revokeToken(ctx, OPERATOR, id);
    expect(await complaintOf(regenerateToken(ctx, OPERATOR, id))).toBe('conflict: The token ci was revoked meanwhile.');
  });
});

describe.each(ENGINES)('a use limit [%s]', (engine) => {
  it('is kept exactly, however many ask at once', async () => {
    const ctx = await world(engine);
    const { text } = await make(ctx, 'Bob', { usesLeft: 5 });
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => outcome(ctx, text)));
    expect(outcomes.filter((one) => one === 'yes')).toHaveLength(5);
    expect(outcomes.filter((one) => one === 'token_used_up')).toHaveLength(7);
  });
});

describe.each(ENGINES)('the limits of a person [%s]', (engine) => {
  it('hold when several tokens are created at once: fifty of them, each with a different name', async () => {
    const ctx = await world(engine);
    for (let i = 0; i < MAX_FINE_GRAINED_TOKENS - 1; i++) await make(ctx, 'Bob', { name: `token ${i}` });
    const tries = await Promise.allSettled(['one', 'two', 'three'].map((name) => make(ctx, 'Bob', { name })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await complaintOf(make(ctx, 'Bob', { name: 'four' }))).toContain(
      'limit_reached: You have 50 fine-grained tokens, which is the limit.',
    );
    const same = await Promise.allSettled([1, 2, 3].map(() => make(ctx, 'Ada', { name: 'same' })));
    expect(same.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('an edit', () => {
  it('changes words without a new secret, and tells in the log which', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob', { name: 'ci' });
    expect(await editToken(ctx, OPERATOR, id, { name: ' deploy ', description: 'for the site' })).toMatchObject({
      name: 'deploy',
      description: 'for the site',
    });
    expect(await outcome(ctx, text)).toBe('yes');
    const [entry] = await listAudit(
      ctx.store.db,
      { tokenId: id, action: 'personal_access_token.update' },
      { beforeId: null, limit: 1 },
    );
    expect(entry?.data).toMatchObject({ pat_field_changed: ['name', 'description'], old_name: 'ci' });
  });

  it('refuses what creation refuses, and changes nothing then', async () => {
    const ctx = await world();
    const { id } = await make(ctx, 'Bob', { name: 'ci' });
    await make(ctx, 'Bob', { name: 'other' });
    expect(
      await complaintOf(
        editToken(ctx, OPERATOR, id, {
          name: 'OTHER',
          description: 'x'.repeat(1025),
          grants: [grant({ owner: 'nobody' })],
        }),
      ),
    ).toBe(
      'already_exists: You already have a token named OTHER. | invalid: A description has at most 1024 ' +
        'characters. | invalid: Cannot find the specified resource owner: nobody',
    );
    expect((await tokenById(ctx.store.db, id))?.name).toBe('ci');
  });

  it('that takes something away holds at once', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob');
    expect(await outcome(ctx, text, WRITE)).toBe('yes');
    await editToken(ctx, OPERATOR, id, { grants: [grant({ permissions: { contents: 'read' } })] });
    expect(await outcome(ctx, text, WRITE)).toBe('permission_missing');
    expect(await outcome(ctx, text, READ)).toBe('yes');
  });

  it('that adds something where an organization approves is a request; the grant stays in force', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Ada', {
      grants: [
        grant({
          owner: 'Acme',
          selection: 'selected',
          repositories: ['site'],
          permissions: { contents: 'read', issues: 'write' },
        }),
      ],
    });
    await setMember(ctx, OPERATOR, { organization: 'Acme', login: 'Bob', role: 'owner' });
    await setMember(ctx, OPERATOR, { organization: 'Acme', login: 'Ada', role: 'member' });
    await editToken(ctx, OPERATOR, id, {
      grants: [
        grant({
          owner: 'Acme',
          selection: 'selected',
          repositories: ['site'],
          permissions: { contents: 'write' },
          justification: 'to deploy',
        }),
      ],
    });
    expect(await outcome(ctx, text, READ, on('Acme/site'))).toBe('yes');
    const [kept] = (await grantsOf(ctx.store.db, [id])).get(id)!;
    expect(kept).toMatchObject({ state: 'active', permissions: { contents: 'read', metadata: 'read' } });
    const requests = await listRequests(ctx.store.db, { tokenId: id }, { beforeId: null, limit: 9 });
    expect(requests).toMatchObject([{ state: 'pending', reason: 'to deploy', permissions: { contents: 'write' } }]);
    await editToken(ctx, OPERATOR, id, {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } })],
    });
    expect(await listRequests(ctx.store.db, { tokenId: id }, { beforeId: null, limit: 9 })).toMatchObject([
      { state: 'pending', selection: 'all', permissions: { contents: 'read', metadata: 'read' } },
      { state: 'cancelled' },
    ]);
  });

  it('adds and removes resource owners, each with a separate grant', async () => {
    const ctx = await world();
    const { id, text } = await make(ctx, 'Bob');
    await editToken(ctx, OPERATOR, id, { grants: [grant(), grant({ owner: 'Acme' })] });
    expect(await outcome(ctx, text, READ, on('Acme/site'))).toBe('grant_pending');
    expect(await outcome(ctx, text, READ, on('Bob/notes'))).toBe('yes');
    await editToken(ctx, OPERATOR, id, { grants: [grant({ owner: 'Acme' })] });
    expect(await outcome(ctx, text, READ, on('Bob/notes'))).toBe('not_found');
  });
});

describe('a token that makes tokens', () => {
  const MAKER: GrantDraft = grant({
    selection: 'selected',
    repositories: ['notes'],
    permissions: { contents: 'read', personal_access_tokens: 'write' },
  });

  it('gives nothing that it has not', async () => {
    const ctx = await world();
    const maker = await make(ctx, 'Bob', { grants: [MAKER], expiresInDays: 10, allowedAddresses: ['10.0.0.0/8'] });
    const permit = await permitOf(ctx, maker.text);
    const child = await make(
      ctx,
      'Bob',
      { grants: [grant({ selection: 'selected', repositories: ['notes'], permissions: { contents: 'read' } })] },
      permit,
    );
    expect(await tokenById(ctx.store.db, child.id)).toMatchObject({
      parentId: maker.id,
      expiresAt: ctx.clock.now() + 10 * DAY_SEC,
      allowedAddresses: ['10.0.0.0/8'],
    });
    const rights = "unprocessable: A token can't give permissions or repositories that it does not have itself.";
    for (const wider of [
      { permissions: { contents: 'write' } },
      { selection: 'all', repositories: [] },
      { owner: 'Acme', selection: 'selected', repositories: ['site'] },
    ] as const) {
      expect(
        await complaintOf(
          make(ctx, 'Bob', { grants: [{ ...MAKER, permissions: { contents: 'read' }, ...wider }] }, permit),
        ),
      ).toBe(rights);
    }
    const same = { grants: [grant({ selection: 'public', permissions: { personal_access_tokens: 'read' } })] };
    expect(await complaintOf(make(ctx, 'Bob', { ...same, expiresInDays: 11 }, permit))).toBe(
      "unprocessable: A token can't give a longer life than its own.",
    );
    expect(await complaintOf(make(ctx, 'Bob', { ...same, allowedAddresses: ['10.0.0.0/7'] }, permit))).toBe(
      "unprocessable: A token can't be used from more addresses than the one that made it.",
    );
    expect(await complaintOf(make(ctx, 'Bob', { kind: 'classic', grants: [], scopes: ['repo'] }, permit))).toContain(
      'A fine-grained token makes fine-grained tokens only.',
    );
  });

  it('that an organization excludes, creates none that it admits', async () => {
    const ctx = await world();
    const maker = await make(ctx, 'Bob', { kind: 'scoped', grants: [], scopes: ['api'] });
    const permit = await permitOf(ctx, maker.text);
    const child = async (): Promise<string> =>
      (await make(ctx, 'Bob', { kind: 'scoped', grants: [], scopes: ['api'] }, permit)).text;
    const asked = (text: string): Promise<string> => outcome(ctx, text, READ, on('Acme/site'));
    const before = await child();
    expect(await asked(before)).toBe('yes');
    await changeMemberTokens(ctx, OPERATOR, 'Acme', 'revoke', { tokenIds: [maker.id] });
    expect([await asked(before), await asked(await child())]).toEqual(['grant_revoked', 'grant_revoked']);
    await changeMemberTokens(ctx, OPERATOR, 'Acme', 'restore', { tokenIds: [maker.id] });
    expect(await asked(before)).toBe('yes');
  });

  it('can neither widen itself nor renew one that can do more', async () => {
    const ctx = await world();
    const maker = await make(ctx, 'Bob', { grants: [MAKER], expiresInDays: 10 });
    const strong = await make(ctx, 'Bob');
    const permit = await permitOf(ctx, maker.text);
    const rights = "A token can't give permissions or repositories that it does not have itself.";
    expect(
      await complaintOf(
        editToken(ctx, permit, maker.id, {
          grants: [grant({ permissions: { personal_access_tokens: 'write', contents: 'write' } })],
        }),
      ),
    ).toContain(rights);
    expect(await complaintOf(editToken(ctx, permit, strong.id, { name: 'mine' }))).toContain(rights);
    expect(await complaintOf(regenerateToken(ctx, permit, strong.id))).toContain(rights);
    expect(await complaintOf(rotateToken(ctx, permit, maker.id, { expiresInDays: 11 }))).toBe(
      "unprocessable: A token can't give itself a longer life than it has.",
    );
    expect((await rotateToken(ctx, permit, maker.id, { expiresInDays: 10 })).token.expiresAt).toBe(
      ctx.clock.now() + 10 * DAY_SEC,
    );
  });

  it('revokes its children with it, if requested', async () => {
    const ctx = await world();
    const maker = await make(ctx, 'Bob', { grants: [MAKER] });
    const child = await make(ctx, 'Bob', { grants: [MAKER] }, await permitOf(ctx, maker.text));
    const grandchild = await make(
      ctx,
      'Bob',
      { grants: [{ ...MAKER, permissions: { contents: 'read' } }] },
      await permitOf(ctx, child.text),
    );
    expect(await revokeToken(ctx, OPERATOR, maker.id, 'bob', { withChildren: true })).toEqual([
      maker.id,
      child.id,
      grandchild.id,
    ]);
    for (const { text } of [maker, child, grandchild]) expect(await outcome(ctx, text)).toBe('token_revoked');
  });

  it("does not touch other people's tokens, which are not there for it", async () => {
    const ctx = await world();
    const maker = await make(ctx, 'Bob', { grants: [MAKER] });
    const other = await make(ctx, 'Ada', { grants: [grant()] });
    const permit = await permitOf(ctx, maker.text);
    for (const work of [
      editToken(ctx, permit, other.id, {}),
      regenerateToken(ctx, permit, other.id),
      revokeToken(ctx, permit, other.id),
      revokeToken(ctx, permit, 999_999),
    ]) {
      expect(await complaintOf(work)).toMatch(/^not_found: There is no token \d+\.$/);
    }
  });
});

describe('single sign-on', () => {
  it('of a token ends with an edit of its scopes or a new secret, and nobody gives it without a proof', async () => {
    const ctx = await world();
    const acme = (await accountByLogin(ctx.store.db, 'Acme'))!;
    await ctx.store.transaction((tx) =>
      setPolicy(tx, acme.id, { ...NO_POLICY, requiresSso: true, ssoIssuer: 'https://id' }, 1),
    );
    const { id, text } = await make(ctx, 'Bob', { kind: 'classic', grants: [], scopes: ['repo'] });
    const asked = (secret: string) => outcome(ctx, secret, READ, on('Acme/site'));
    const authorize = () => ctx.store.transaction((tx) => authorizeForOrganization(tx, id, acme.id, 1));
    expect(await asked(text)).toBe('sso_not_authorized');
    expect(await complaintOf(authorizeToken(ctx, OPERATOR, id, 'acme'))).toContain('Prove who you are for Acme first');
    await authorize();
    expect(await asked(text)).toBe('yes');
    await editToken(ctx, OPERATOR, id, { scopes: ['repo', 'gist'] });
    expect(await asked(text)).toBe('sso_not_authorized');
    await authorize();
    const { secret } = await regenerateToken(ctx, OPERATOR, id);
    expect(await asked(secret.reveal())).toBe('sso_not_authorized');
    await authorize();
    await deauthorizeToken(ctx, OPERATOR, id, 'acme');
    expect(await asked(secret.reveal())).toBe('sso_not_authorized');
    expect(await complaintOf(deauthorizeToken(ctx, OPERATOR, id, 'acme'))).toContain('is not authorized for Acme.');
  });
});
