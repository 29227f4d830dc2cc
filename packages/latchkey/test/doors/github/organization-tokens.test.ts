/** What organization owners see and decide about tokens, checked against GitHub's own schemas. */
import { describe, expect, it } from 'vitest';
import { removeMember, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changeMemberTokens } from '../../../src/actions/organizations/member-tokens.ts';
import { listMemberTokens } from '../../../src/actions/organizations/tokens.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { rotateToSuccessor } from '../../../src/actions/tokens/families.ts';
import { regenerateToken } from '../../../src/actions/tokens/secrets.ts';
import type { Engine } from '../../../src/store/db.ts';
import { ENGINES } from '../../engines/engines.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

const REQUESTS = '/orgs/Acme/personal-access-token-requests';
const TOKENS = '/orgs/Acme/personal-access-tokens';

async function world(engine: Engine = 'sqlite') {
  const made = await apiWorld(engine);
  const owner = await made.token('Ada', {
    name: 'owner',
    grants: [
      grant({
        owner: 'Acme',
        permissions: {
          organization_personal_access_tokens: 'write',
          organization_personal_access_token_requests: 'write',
        },
      }),
    ],
  });
  return { ...made, ask: validated(made.ask), plain: made.ask, owner: owner.secret };
}

function asks(made: Pick<ApiWorld, 'token'>, name: string, given: Parameters<typeof grant>[0] = {}, login = 'Bob') {
  return made.token(login, {
    name,
    grants: [
      grant({
        owner: 'Acme',
        selection: 'selected',
        repositories: ['site'],
        permissions: { contents: 'read', members: 'read' },
        justification: 'to build',
        ...given,
      }),
    ],
  });
}

describe('a request', () => {
  it('is listed with all that an owner wants to know, and approved', async () => {
    const made = await world();
    const { ask, owner } = made;
    const bob = await asks(made, 'ci');
    expect((await ask('GET /repos/Acme/site/commits', { token: bob.secret })).body).toMatchObject({
      message: 'Resource not accessible by personal access token',
      reason: 'grant_pending',
    });
    expect((await ask('GET /repos/Acme/docs/branches', { token: bob.secret })).status).toBe(200);
    const {
      body: [request],
    } = await ask(`GET ${REQUESTS}`, { token: owner });
    expect(request).toMatchObject({
      reason: 'to build',
      owner: { login: 'Bob' },
      repository_selection: 'subset',
      token_id: bob.id,
      token_name: 'ci',
      token_expired: false,
      permissions: { organization: { members: 'read' }, repository: { contents: 'read', metadata: 'read' }, other: {} },
    });
    expect(
      (await ask(`GET ${REQUESTS}/${request.id}/repositories`, { token: owner })).body.map(
        (one: { full_name: string }) => one.full_name,
      ),
    ).toEqual(['Acme/site']);
    expect(
      (await ask(`POST ${REQUESTS}/${request.id}`, { token: owner, body: { action: 'approve', reason: 'fine' } }))
        .status,
    ).toBe(204);
    expect((await ask('GET /repos/Acme/site/branches', { token: bob.secret })).status).toBe(200);
    expect((await ask(`GET ${REQUESTS}`, { token: owner })).body).toEqual([]);
    const grants = (await ask(`GET ${TOKENS}`, { token: owner })).body;
    expect(grants).toMatchObject([
      { token_name: 'ci', owner: { login: 'Bob' } },
      { token_name: 'owner', owner: { login: 'Ada' } },
    ]);
    expect((await ask(`GET ${TOKENS}/${grants[0].id}/repositories`, { token: owner })).body).toHaveLength(1);
    expect((await ask(`POST ${TOKENS}/${grants[0].id}`, { token: owner, body: { action: 'revoke' } })).status).toBe(
      204,
    );
    expect((await ask('GET /repos/Acme/site/branches', { token: bob.secret })).body.reason).toBe('grant_revoked');
    expect((await ask('GET /repos/Acme/docs/branches', { token: bob.secret })).status).toBe(200);
  });

  it('is denied with a reason of at most 1024 characters', async () => {
    const made = await world();
    const { ask, owner } = made;
    const bob = await asks(made, 'ci');
    const {
      body: [request],
    } = await ask(`GET ${REQUESTS}`, { token: owner });
    const long = await ask(`POST ${REQUESTS}/${request.id}`, {
      token: owner,
      body: { action: 'deny', reason: 'x'.repeat(1025) },
    });
    expect(long).toMatchObject({ status: 422, body: { errors: [{ field: 'reason' }] } });
    expect(
      (
        await ask(`POST ${REQUESTS}`, {
          token: owner,
          body: { action: 'deny', pat_request_ids: [request.id], reason: 'x'.repeat(1024) },
        })
      ).status,
    ).toBe(202);
    expect((await ask('GET /repos/Acme/site/branches', { token: bob.secret })).body.reason).toBe('grant_denied');
  });

  it('is decided all or none, when several are', async () => {
    const made = await world();
    const { ask, owner } = made;
    await asks(made, 'one');
    const {
      body: [request],
    } = await ask(`GET ${REQUESTS}`, { token: owner });
    expect(
      (await ask(`POST ${REQUESTS}`, { token: owner, body: { action: 'approve', pat_request_ids: [request.id, 999] } }))
        .status,
    ).toBe(404);
    expect((await ask(`GET ${REQUESTS}`, { token: owner })).body).toHaveLength(1);
    for (const ids of [[], Array.from({ length: 101 }, (_, i) => i + 1)]) {
      expect(
        (await ask(`POST ${REQUESTS}`, { token: owner, body: { action: 'approve', pat_request_ids: ids } })).status,
      ).toBe(422);
    }
    for (const body of [
      { action: 'allow', pat_request_ids: [1] },
      { pat_request_ids: [1] },
      { action: 'approve' },
      { action: 'approve', pat_request_ids: ['1'] },
    ]) {
      expect((await ask(`POST ${REQUESTS}`, { token: owner, body })).status).toBe(422);
    }
  });

  it("is nobody else's affair", async () => {
    const made = await world();
    const bob = await made.token('Bob', { grants: [grant({ permissions: {} })] });
    const classic = await made.token('Bob', { kind: 'classic', scopes: ['admin:org'] });
    for (const token of [bob.secret, classic.secret])
      expect((await made.plain(`GET ${REQUESTS}`, { token })).status).toBe(403);
    expect((await made.plain(`GET ${REQUESTS}`)).status).toBe(401);
    await setMember(made.ctx, operatorPermit(), { organization: 'Acme', login: 'Bob', role: 'owner' });
    await setMember(made.ctx, operatorPermit(), { organization: 'Acme', login: 'Ada', role: 'member' });
    expect((await made.plain(`GET ${REQUESTS}`, { token: made.owner })).body).toMatchObject({
      status: '403',
      reason: 'role_insufficient',
    });
  });
});

describe.each(ENGINES)('a request that two decide about [%s]', (engine) => {
  it('is decided once: of two at a time, or of a decision and a deletion, one wins and the other is told', async () => {
    const made = await world(engine);
    const { ask, owner } = made;
    for (const second of ['approve', 'deny', 'delete'] as const) {
      const bob = await made.token('Bob', {
        name: `by ${second}`,
        grants: [
          grant({ permissions: { personal_access_tokens: 'write' } }),
          grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } }),
        ],
      });
      const {
        body: [request],
      } = await ask(`GET ${REQUESTS}`, { token: owner });
      const decide = (action: string) =>
        made.plain(`POST ${REQUESTS}/${request.id}`, { token: owner, body: { action } });
      const other =
        second === 'delete'
          ? made.plain(`DELETE /user/personal-access-tokens/${bob.id}`, { token: bob.secret })
          : decide(second);
      const answers = await Promise.all([decide('approve'), other]);
      const statuses = answers.map(({ status }) => status).toSorted();
      if (second === 'delete') expect(answers[1]?.status).toBe(204);
      else expect(statuses).toEqual([204, 409]);
      if (statuses[1] === 409)
        expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
          reason: 'conflict',
          message: expect.stringMatching(/^The request \d+ no longer waits: it was \w+ meanwhile\.$/),
        });
      expect((await made.plain(`GET ${REQUESTS}`, { token: owner })).body).toEqual([]);
    }
  });
});

describe.each(ENGINES)('the list of tokens [%s]', (engine) => {
  it('is narrowed by owner, repository, permission, last use and token', async () => {
    const made = await world(engine);
    const { ask, owner, ctx } = made;
    const site = await asks(made, 'site', {}, 'Ada');
    const docs = await asks(made, 'docs', { repositories: ['docs'], permissions: { contents: 'write' } }, 'Ada');
    ctx.clock.advance(3600);
    await ask('GET /repos/Acme/docs/branches', { token: docs.secret });
    await ctx.usage.flush();
    const names = async (query: string): Promise<string[]> =>
      (await ask(`GET ${TOKENS}?${query}`, { token: owner })).body.map((row: { token_name: string }) => row.token_name);
    expect(await names('')).toEqual(['docs', 'site', 'owner']);
    expect(await names('direction=asc')).toEqual(['owner', 'site', 'docs']);
    expect(await names('owner[]=ada&owner[]=bob')).toHaveLength(3);
    expect(await names('owner[]=bob')).toEqual([]);
    expect(await names('repository=docs')).toEqual(['docs']);
    expect(await names('permission=contents_read')).toEqual(['docs', 'site']);
    expect(await names('permission=contents_write')).toEqual(['docs']);
    expect(await names(`token_id[]=${site.id}`)).toEqual(['site']);
    expect(await names('last_used_after=2026-01-01T00:00:00Z&repository=docs')).toEqual(['docs']);
    expect(await names('last_used_before=2026-01-01T00:00:00Z')).toEqual([]);
    for (const query of [
      'permission=flying_read',
      'permission=contents',
      'last_used_before=yesterday',
      'direction=up',
      'token_id[]=x',
      'page=0',
      'per_page=x',
      `${'owner[]=a&'.repeat(11)}`,
    ]) {
      expect([query, (await ask(`GET ${TOKENS}?${query}`, { token: owner })).status]).toEqual([query, 422]);
    }
  });

  it('continues page by page, whatever is added meanwhile', async () => {
    const made = await world(engine);
    const { ask, owner } = made;
    for (let i = 0; i < 5; i++) await asks(made, `t${i}`, {}, 'Ada');
    const first = await ask(`GET ${TOKENS}?per_page=2`, { token: owner });
    expect(first.body.map((row: { token_name: string }) => row.token_name)).toEqual(['t4', 't3']);
    await asks(made, 'late', {}, 'Ada');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers['link']!)![1]!;
    const second = await ask(`GET ${new URL(next).pathname.slice('/api/v3'.length)}${new URL(next).search}`, {
      token: owner,
    });
    expect(second.body.map((row: { token_name: string }) => row.token_name)).toEqual(['t2', 't1']);
    expect(second.headers['link']).toContain('rel="first"');
    expect(
      (await ask(`GET ${TOKENS}?per_page=2&page=2`, { token: owner })).body.map(
        (row: { token_name: string }) => row.token_name,
      ),
    ).toEqual(['t3', 't2']);
    expect((await ask(`GET ${TOKENS}?per_page=100&page=102`, { token: owner })).status).toBe(422);
  });
});

describe.each(ENGINES)("a member's classic token [%s]", (engine) => {
  it('is excluded by an owner, and admitted again, and its owner is told', async () => {
    const made = await world(engine);
    const { ask, plain, owner, ctx, token } = made;
    await setCollaborator(ctx, operatorPermit(), { owner: 'Acme', name: 'site', login: 'Bob', role: 'write' });
    const bob = await token('Bob', { kind: 'classic', name: 'old', scopes: ['repo'] });
    const other = await token('Bob', { kind: 'classic', name: 'other', scopes: ['repo'] });
    const reaches = async (secret: string): Promise<unknown> => {
      const { status, body } = await plain('GET /repos/Acme/site/branches', { token: secret });
      return [status, body.reason];
    };
    const decide = (action: string, ids: unknown) =>
      plain('POST /orgs/Acme/member-tokens', { token: owner, body: { action, token_ids: ids } });
    const seen = async (): Promise<unknown> =>
      (await plain('GET /orgs/Acme/member-tokens', { token: owner })).body.map(
        (row: { token_name: string; access_revoked: boolean }) => [row.token_name, row.access_revoked],
      );
    expect(await seen()).toEqual([
      ['other', false],
      ['old', false],
    ]);
    expect(await reaches(bob.secret)).toEqual([200, undefined]);

    expect(await decide('revoke', [bob.id])).toMatchObject({ status: 202, body: {} });
    expect(await decide('revoke', [bob.id])).toMatchObject({ status: 202 });
    expect([await reaches(bob.secret), await reaches(other.secret)]).toEqual([
      [403, 'grant_revoked'],
      [200, undefined],
    ]);
    expect((await ask('GET /user', { token: bob.secret })).status).toBe(200);
    expect(await seen()).toEqual([
      ['other', false],
      ['old', true],
    ]);
    await regenerateToken(ctx, operatorPermit(), bob.id).then(async ({ secret }) =>
      expect(await reaches(secret.reveal())).toEqual([403, 'grant_revoked']),
    );

    expect(await decide('restore', [bob.id, other.id])).toMatchObject({ status: 202 });
    const { secret } = await regenerateToken(ctx, operatorPermit(), bob.id);
    expect(await reaches(secret.reveal())).toEqual([200, undefined]);
    const log = await ctx.store.db
      .selectFrom('audit')
      .select(['action', 'token_id'])
      .where('action', 'like', 'org_credential_authorization.%')
      .orderBy('id')
      .execute();
    expect(log.map(({ action, token_id }) => [action, token_id])).toEqual([
      ['org_credential_authorization.revoke', bob.id],
      ['org_credential_authorization.restore', bob.id],
    ]);
    const mails = await ctx.store.db
      .selectFrom('outbox')
      .select('subject')
      .where('template', 'in', ['access_revoked', 'access_restored'])
      .orderBy('id')
      .execute();
    expect(mails.map(({ subject }) => subject)).toEqual([
      'Acme revoked the access of your personal access token old',
      'Acme restored the access of your personal access token old',
    ]);
  });

  it('stays kept out in the one that takes its place', async () => {
    const made = await world(engine);
    const { plain, ctx, token } = made;
    await setCollaborator(ctx, operatorPermit(), { owner: 'Acme', name: 'site', login: 'Bob', role: 'write' });
    const reaches = async (secret: string): Promise<unknown> =>
      (await plain('GET /repos/Acme/site/branches', { token: secret })).body.reason;
    const keepOut = (id: number) => changeMemberTokens(ctx, operatorPermit(), 'Acme', 'revoke', { tokenIds: [id] });

    const scoped = await token('Bob', { kind: 'scoped', scopes: ['api'] });
    await keepOut(scoped.id);
    const successor = await rotateToSuccessor(ctx, operatorPermit(), scoped.id, {});
    expect([successor.token.id === scoped.id, await reaches(successor.secret.reveal())]).toEqual([
      false,
      'grant_revoked',
    ]);
  });

  it('of somebody else, or of another kind, is not decided about, and then no other is either', async () => {
    const made = await world(engine);
    const { plain, owner, token } = made;
    const bob = await token('Bob', { kind: 'classic', name: 'old', scopes: ['repo'] });
    const cy = await token('Cy', { kind: 'classic', name: 'cy', scopes: ['repo'] });
    const fine = await token('Bob', { name: 'fine' });
    const decide = (as: string, ids: unknown, action = 'revoke') =>
      plain('POST /orgs/Acme/member-tokens', { token: as, body: { action, token_ids: ids } });
    for (const ids of [
      [bob.id, cy.id],
      [bob.id, fine.id],
      [bob.id, 9999],
    ])
      expect((await decide(owner, ids)).status).toBe(404);
    for (const ids of [[], [0], ['x'], Array.from({ length: 101 }, (_, i) => i + 1)])
      expect((await decide(owner, ids)).status).toBe(422);
    expect((await decide(owner, [bob.id], 'delete')).status).toBe(422);
    expect((await decide(bob.secret, [bob.id])).status).toBe(403);
    expect(
      (await plain('GET /orgs/Acme/member-tokens', { token: owner })).body.every(
        (row: { access_revoked: boolean }) => !row.access_revoked,
      ),
    ).toBe(true);
  });
});

describe('a leaked credential', () => {
  it('can be revoked by anyone who finds it, and the answer reveals nothing', async () => {
    const made = await world();
    const { ask, token } = made;
    const one = await token('Bob');
    const answer = await ask('POST /credentials/revoke', {
      body: { credentials: [one.secret, 'ghp_notOurs', 'nonsense'] },
    });
    expect(answer).toMatchObject({ status: 202, body: {} });
    expect((await made.plain('GET /user', { token: one.secret })).body).toMatchObject({
      message: 'Bad credentials',
      reason: 'token_revoked',
    });
    expect((await ask('POST /credentials/revoke', { body: { credentials: Array(1001).fill('x') } })).status).toBe(422);
    expect((await ask('POST /credentials/revoke', { body: { credentials: Array(1000).fill('x') } })).status).toBe(202);
    expect((await ask('POST /credentials/revoke', { body: {} })).status).toBe(422);
    expect(
      (await made.plain('POST /credentials/revoke', { token: made.owner, body: { credentials: ['x'] } })).status,
    ).toBe(403);
  });
});

describe.each(ENGINES)('what reaches an organization (%s)', (engine) => {
  it('is found by the name of a repository that it selected or reaches; unknown ones are told', async () => {
    const made = await world(engine);
    const { plain, owner } = made;
    await made.token('Ada', {
      name: 'picked',
      grants: [
        grant({ owner: 'Acme', selection: 'selected', repositories: ['site'], permissions: { contents: 'read' } }),
      ],
    });
    await made.token('Ada', {
      name: 'all',
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } })],
    });
    const named = async (repository: string): Promise<unknown> => {
      const { status, body } = await plain(`GET ${TOKENS}?repository=${encodeURIComponent(repository)}`, {
        token: owner,
      });
      return status === 200 ? body.map((each: { token_name: string }) => each.token_name) : status;
    };
    expect(await named('site')).toEqual(['all', 'picked']);
    expect(await named('Acme/site')).toEqual(['all', 'picked']);
    expect(await named('acme/SITE')).toEqual(['all', 'picked']);
    expect(await named('docs')).toEqual(['all']);
    expect(await named('Acme/nothing')).toBe(422);
    expect(await named('Bob/site')).toBe(422);
    expect(await named('nothing')).toBe(422);
  });

  it('is listed and taken back whoever’s it is: a member’s, or an outside collaborator’s', async () => {
    const made = await world(engine);
    const { ctx } = made;
    const operator = operatorPermit();
    await setCollaborator(ctx, operator, { owner: 'Acme', name: 'site', login: 'Cy', role: 'write' });
    const outsiders = await made.token('Cy', { kind: 'classic', name: 'everywhere', scopes: ['repo'], grants: [] });
    const listed = await listMemberTokens(ctx, operator, 'Acme', {
      afterId: null,
      limit: 30,
      skip: 0,
      ascending: false,
    });
    expect(listed.map(({ token }) => token.name)).toContain('everywhere');
    const write = () => made.ask('GET /repos/Acme/site/branches', { token: outsiders.secret });
    expect((await write()).status).toBe(200);
    await changeMemberTokens(ctx, operator, 'Acme', 'revoke', { tokenIds: [outsiders.id] });
    expect((await write()).status).toBe(403);
  });

  it('ends with a membership, roles of their own included, unless these are kept', async () => {
    const made = await world(engine);
    const { ctx } = made;
    const operator = operatorPermit();
    const bobs = await made.token('Bob', { kind: 'classic', name: 'all', scopes: ['repo'], grants: [] });
    const reads = async (): Promise<number> =>
      (await made.ask('GET /repos/Acme/site/branches', { token: bobs.secret })).status;
    await setCollaborator(ctx, operator, { owner: 'Acme', name: 'site', login: 'Bob', role: 'write' });
    const member = { organization: 'Acme', login: 'Bob' };
    expect(await removeMember(ctx, operator, { ...member, keepsRoles: true })).toEqual({ removed: 0, kept: 1 });
    expect(await reads()).toBe(200);
    await setMember(ctx, operator, { ...member, role: 'member' });
    expect(await removeMember(ctx, operator, member)).toEqual({ removed: 1, kept: 0 });
    expect(await reads()).toBe(404);
  });

  it('is told with what is left when somebody goes: roles and tokens, unless taken along', async () => {
    const made = await world(engine);
    const { ctx, plain } = made;
    const operator = operatorPermit();
    const owner = await made.token('Ada', {
      kind: 'classic',
      name: 'admin',
      scopes: ['admin:org', 'repo'],
      grants: [],
    });
    const bobs = await made.token('Bob', { kind: 'classic', name: 'all', scopes: ['repo'], grants: [] });
    const member = { organization: 'Acme', login: 'Bob', role: 'member' } as const;
    const leaves = async (query: string): Promise<unknown> => {
      await setMember(ctx, operator, member);
      await setCollaborator(ctx, operator, { owner: 'Acme', name: 'site', login: 'Bob', role: 'write' });
      const { status, headers } = await plain(`DELETE /orgs/Acme/members/Bob${query}`, { token: owner.secret });
      return [status, headers['x-roles-removed'], headers['x-roles-kept'], headers['x-tokens-left']];
    };
    expect(await leaves('?roles=keep')).toEqual([204, '0', '1', String(bobs.id)]);
    const row = (await plain('GET /orgs/Acme/member-tokens', { token: made.owner })).body.find(
      (one: { token_id: number }) => one.token_id === bobs.id,
    );
    expect(row.summary).toBe('Can read and write everything in every repository that they can, 1 today.');
    expect(await leaves('')).toEqual([204, '1', '0', '']);
    expect((await leaves('?roles=some')) as unknown[]).toContain(422);
  });

  it('is listed and taken back by use, too: of whoever read an internal repository', async () => {
    const made = await world(engine);
    const { ctx, plain, owner } = made;
    const operator = operatorPermit();
    await addRepository(ctx, operator, { owner: 'Acme', name: 'shared', visibility: 'internal' });
    const cys = await made.token('Cy', { kind: 'classic', name: 'reader', scopes: ['repo'], grants: [] });
    const idle = await made.token('Cy', { kind: 'classic', name: 'idle', scopes: ['repo'], grants: [] });
    const listed = async (): Promise<unknown> =>
      (await plain('GET /orgs/Acme/member-tokens', { token: owner })).body.map(
        (one: { token_name: string; summary: string }) => [one.token_name, one.summary],
      );
    const reads = async (): Promise<number> =>
      (await plain('GET /repos/Acme/shared/branches', { token: cys.secret })).status;
    expect(await listed()).toEqual([]);
    expect(await reads()).toBe(200);
    expect(await listed()).toEqual([
      ['reader', 'Can read and write everything in every repository that they can, 1 today.'],
    ]);
    await changeMemberTokens(ctx, operator, 'Acme', 'revoke', { tokenIds: [cys.id] });
    expect(await reads()).toBe(403);
    expect(JSON.stringify(await listed())).toContain('revoked it');
    await expect(changeMemberTokens(ctx, operator, 'Acme', 'revoke', { tokenIds: [idle.id] })).rejects.toThrow(
      'used it in an internal',
    );
  });
});
