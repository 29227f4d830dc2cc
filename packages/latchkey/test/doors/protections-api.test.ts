/** Protected branches and tags as both dialects speak of them: set in one, told by the other, counted at once. */
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { MAX_REF_PROTECTIONS, protectRefs, readProtections } from '../../src/actions/repositories/refs/protections.ts';
import { type GitlabWorld, gitlabWorld } from './gitlab/api.ts';

const B = '/repos/Ada/work/branches';
const P = '/projects/Ada%2Fwork';
const WORK = { owner: 'Ada', name: 'work' };

async function world(): Promise<GitlabWorld & { admin: string; reader: string }> {
  const made = await gitlabWorld();
  const token = async (permissions: Record<string, string>): Promise<string> =>
    (
      await made.token('Ada', [], {
        kind: 'fine-grained',
        name: Object.keys(permissions).join(),
        expiresInDays: 30,
        grants: [{ owner: '', selection: 'all', repositories: [], justification: null, permissions }],
      })
    ).secret;
  const admin = await token({ administration: 'write', contents: 'write' });
  const reader = await token({ contents: 'write' });
  await made.askGithub('POST /user/repos', { token: admin, body: { name: 'work', private: true, auto_init: true } });
  return { ...made, admin, reader };
}

const NOTHING = { required_status_checks: null, required_pull_request_reviews: null, restrictions: null };

describe('GitHub’s branch protection', () => {
  it('is set, told with the branch and by GitLab’s API, counts on the next request, and is taken off', async () => {
    const { askGithub, ask, admin: token, ctx } = await world();
    expect((await askGithub(`GET ${B}/main/protection`, { token })).status).toBe(404);
    const put = await askGithub(`PUT ${B}/main/protection`, {
      token,
      body: { ...NOTHING, enforce_admins: true, lock_branch: true },
    });
    expect([put.status, put.body]).toMatchObject([
      200,
      {
        enforce_admins: { enabled: true },
        allow_force_pushes: { enabled: false },
        allow_deletions: { enabled: false },
        lock_branch: { enabled: true },
        roles: { create: 'write', update: 'nobody', force: 'nobody', delete: 'nobody' },
      },
    ]);
    expect((await askGithub(`GET ${B}/main`, { token })).body).toMatchObject({
      protected: true,
      protection: { enabled: true },
    });
    expect((await askGithub(`GET ${B}?protected=true`, { token })).body).toMatchObject([{ name: 'main' }]);
    expect((await askGithub(`GET ${B}?protected=false`, { token })).body).toEqual([]);
    expect((await ask(`GET ${P}/protected_branches`, { token })).body).toMatchObject([
      { name: 'main', push_access_levels: [{ access_level: 0 }], allow_force_push: false },
    ]);
    const change = { message: 'm', content: 'eA==' };
    const refused = await askGithub('PUT /repos/Ada/work/contents/a.txt', { token, body: change });
    expect([refused.status, refused.body.reason]).toEqual([403, 'ref_protected']);
    expect(refused.text).toContain('main of Ada/work is protected: nobody may push to it.');

    expect((await askGithub(`DELETE ${B}/main/protection`, { token })).status).toBe(204);
    expect((await askGithub(`DELETE ${B}/main/protection`, { token })).status).toBe(404);
    expect((await askGithub('PUT /repos/Ada/work/contents/a.txt', { token, body: change })).status).toBe(201);
    const written = await ctx.store.db
      .selectFrom('audit')
      .select('action')
      .where('action', 'like', 'protected_branch.%')
      .orderBy('id')
      .execute();
    expect(written.map(({ action }) => action)).toEqual(['protected_branch.create', 'protected_branch.destroy']);
  });

  it.each([
    ['reviews', { required_pull_request_reviews: { required_approving_review_count: 1 } }, 'no pull requests'],
    ['checks', { required_status_checks: { strict: true, contexts: ['ci'] } }, 'status checks'],
    ['a linear history', { required_linear_history: true }, 'not looked at'],
    ['people by name', { restrictions: { users: ['grace'], teams: [] } }, "can't name people"],
  ])('refuses what it could not enforce: %s', async (_what, asked, words) => {
    const { askGithub, admin: token } = await world();
    const body = { ...NOTHING, enforce_admins: null, ...asked };
    const refused = await askGithub(`PUT ${B}/main/protection`, { token, body });
    expect([refused.status, refused.text.includes(words)]).toEqual([422, true]);
    expect((await askGithub(`GET ${B}/main`, { token })).body).toMatchObject({ protected: false });
  });

  it('is for whoever administers the repository, and for branches that are there', async () => {
    const { askGithub, ask, reader: token, admin } = await world();
    const body = { ...NOTHING, enforce_admins: true };
    expect((await askGithub(`PUT ${B}/main/protection`, { token, body })).body.reason).toBe('permission_missing');
    expect((await ask(`POST ${P}/protected_branches`, { token, body: { name: 'main' } })).status).toBe(403);
    expect((await askGithub(`PUT ${B}/absent/protection`, { token: admin, body })).status).toBe(404);
  });
});

describe('GitLab’s protected branches and tags', () => {
  it('are made, listed, found by name and removed, and told by GitHub’s API', async () => {
    const { ask, askGithub, admin: token } = await world();
    const made = await ask(`POST ${P}/protected_branches`, { token, body: { name: 'release/*' } });
    expect([made.status, made.body]).toMatchObject([
      201,
      { name: 'release/*', push_access_levels: [{ access_level: 40, access_level_description: 'Maintainers' }] },
    ]);
    const body = { name: '*', push_access_level: 30, allow_force_push: true };
    expect((await ask(`POST ${P}/protected_branches`, { token, body })).body).toMatchObject({ allow_force_push: true });
    expect((await askGithub(`GET ${B}/main/protection`, { token })).body).toMatchObject({
      roles: { update: 'write', force: 'write', delete: 'nobody' },
    });
    expect((await ask(`GET ${P}/repository/branches/main`, { token })).body).toMatchObject({
      protected: true,
      developers_can_push: true,
      can_push: true,
    });
    expect((await ask(`GET ${P}/protected_branches/release%2F*`, { token })).status).toBe(200);
    expect((await ask(`DELETE ${P}/protected_branches/release%2F*`, { token })).status).toBe(204);
    expect((await ask(`GET ${P}/protected_branches/release%2F*`, { token })).status).toBe(404);

    const tag = await ask(`POST ${P}/protected_tags`, { token, body: { name: 'v1', create_access_level: '0' } });
    expect([tag.status, tag.body]).toMatchObject([201, { create_access_levels: [{ access_level: 0 }] }]);
    const refused = await ask(`POST ${P}/repository/tags`, { token, body: { tag_name: 'v1', ref: 'main' } });
    expect([refused.status, refused.body.reason]).toEqual([403, 'ref_protected']);
    const other = await ask(`POST ${P}/repository/tags`, { token, body: { tag_name: 'w1', ref: 'main' } });
    expect(other.status).toBe(201);
  });

  it('refuse a wildcard that would match less here than on GitLab, and names that no ref has', async () => {
    const { ask, admin: token, ctx } = await world();
    for (const name of ['*-stable', 'a*', 'release/*/x', 'a..b', '{login}/x', '']) {
      const { status } = await ask(`POST ${P}/protected_branches`, { token, body: { name } });
      expect([name, status >= 400 && status < 500]).toEqual([name, true]);
    }
    expect(await readProtections(ctx, operatorPermit(), WORK)).toEqual([]);
  });
});

it(`a repository has ${MAX_REF_PROTECTIONS} protections and not one more; a change is none more`, async () => {
  const { ctx } = await world();
  const permit = operatorPermit();
  for (let i = 0; i < MAX_REF_PROTECTIONS; i++) await protectRefs(ctx, permit, { pattern: `b${i}` }, WORK);
  await expect(protectRefs(ctx, permit, { pattern: 'one-more' }, WORK)).rejects.toThrow('at most 50 protections');
  expect(await protectRefs(ctx, permit, { pattern: 'b7', update: 'admin', force: 'write' }, WORK)).toMatchObject({
    update: 'admin',
    force: 'admin',
  });
  expect(await readProtections(ctx, permit, WORK)).toHaveLength(MAX_REF_PROTECTIONS);
});
