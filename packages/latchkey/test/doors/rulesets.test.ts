/** Rulesets in GitHub's form: made and told over REST, counted at the next request, of a repository and of an owner. */
import { describe, expect, it } from 'vitest';
import { MAX_RULESETS } from '../../src/actions/repositories/refs/rulesets.ts';
import { type GitlabWorld, gitlabWorld } from './gitlab/api.ts';

const R = '/repos/Acme/site';
const O = '/orgs/Acme';
/** GitHub's own example, without what is of pull requests. */
const ruleset = (given: object = {}): Record<string, unknown> => ({
  name: 'super cool ruleset',
  target: 'branch',
  enforcement: 'active',
  bypass_actors: [],
  conditions: { ref_name: { include: ['~DEFAULT_BRANCH', 'refs/heads/release/**/*'], exclude: ['refs/heads/dev*'] } },
  rules: [{ type: 'creation' }, { type: 'update' }, { type: 'deletion' }, { type: 'non_fast_forward' }],
  ...given,
});
const ofOrganization = (given: object = {}, name: object = { include: ['s*'], exclude: [] }): object => {
  const { conditions, ...rest } = ruleset(given) as { conditions: object };
  return { ...rest, conditions: { ...conditions, repository_name: name } };
};

async function world(): Promise<GitlabWorld & { ada: string; bob: string; write(token: string): Promise<unknown> }> {
  const made = await gitlabWorld();
  const classic = async (login: string): Promise<string> =>
    (await made.token(login, [], { kind: 'classic', name: 'all', scopes: ['repo', 'admin:org'] })).secret;
  const [ada, bob] = [await classic('Ada'), await classic('Bob')];
  await made.askGithub(`POST ${O}/repos`, { token: ada, body: { name: 'site', private: true, auto_init: true } });
  await made.askGithub(`PUT ${R}/collaborators/Bob`, { token: ada, body: { permission: 'push' } });
  let file = 0;
  const write = async (token: string): Promise<unknown> => {
    const body = { message: 'm', content: 'eA==' };
    const { status, body: said } = await made.askGithub(`PUT ${R}/contents/${file++}.txt`, { token, body });
    return said.reason ?? status;
  };
  return { ...made, ada, bob, write };
}

describe('a ruleset of a repository', () => {
  it('is made, listed, told, changed and removed, and counts on the next request', async () => {
    const { askGithub, ada: token, bob, write } = await world();
    expect(await write(bob)).toBe(201);
    const made = await askGithub(`POST ${R}/rulesets`, { token, body: ruleset() });
    expect(made).toMatchObject({
      status: 201,
      body: {
        ...ruleset(),
        id: expect.any(Number),
        source_type: 'Repository',
        source: 'Acme/site',
        rules: [{ type: 'creation' }, { type: 'update' }, { type: 'deletion' }, { type: 'non_fast_forward' }],
      },
    });
    const { id } = made.body as { id: number };
    const refused = await askGithub(`PUT ${R}/contents/x.txt`, { token: bob, body: { message: 'm', content: 'eA==' } });
    expect([refused.status, refused.body.reason]).toEqual([403, 'ref_protected']);
    expect(refused.text).toContain('nobody may push to it (ruleset super cool ruleset of Acme/site)');
    expect((await askGithub(`GET ${R}/rulesets`, { token: bob })).body).toMatchObject([{ id, enforcement: 'active' }]);
    // Who is let past is for those who may change it.
    const seen = (await askGithub(`GET ${R}/rulesets/${id}`, { token: bob })).body;
    expect([seen.name, 'bypass_actors' in seen]).toEqual(['super cool ruleset', false]);
    expect((await askGithub(`GET ${R}/branches`, { token: bob })).body).toMatchObject([{ protected: true }]);
    const rules = (await askGithub(`GET ${R}/rules/branches/release/a/b`, { token: bob })).body as unknown;
    expect(rules).toMatchObject([{ type: 'creation', ruleset_source: 'Acme/site', ruleset_id: id }, {}, {}, {}]);
    expect((await askGithub(`GET ${R}/rules/branches/dev`, { token: bob })).body).toEqual([]);

    const changed = await askGithub(`PUT ${R}/rulesets/${id}`, { token, body: { enforcement: 'disabled' } });
    expect(changed.body).toMatchObject({ ...ruleset(), enforcement: 'disabled', id });
    expect(await write(bob)).toBe(201);
    await askGithub(`PUT ${R}/rulesets/${id}`, {
      token,
      body: { enforcement: 'active', rules: [{ type: 'deletion' }] },
    });
    expect(await write(bob)).toBe(201);
    const { object } = (await askGithub(`GET ${R}/git/ref/heads/main`, { token })).body as never as {
      object: { sha: string };
    };
    const body = { ref: 'refs/heads/release/1', sha: object.sha };
    expect((await askGithub(`POST ${R}/git/refs`, { token: bob, body })).status).toBe(201);
    expect((await askGithub(`DELETE ${R}/git/refs/heads/release/1`, { token: bob })).body.reason).toBe('ref_protected');
    expect((await askGithub(`DELETE ${R}/rulesets/${id}`, { token })).status).toBe(204);
    expect((await askGithub(`GET ${R}/rulesets/${id}`, { token })).status).toBe(404);
  });

  it('follows the default branch, and lets past whom it names', async () => {
    const { askGithub, ada, bob, write } = await world();
    const body = ruleset({ bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }] });
    const { id } = (await askGithub(`POST ${R}/rulesets`, { token: ada, body })).body as { id: number };
    expect([await write(ada), await write(bob)]).toEqual([201, 'ref_protected']);
    const bypass_actors = [{ actor_id: 4, actor_type: 'RepositoryRole' }];
    await askGithub(`PUT ${R}/rulesets/${id}`, { token: ada, body: { bypass_actors } });
    expect(await write(bob)).toBe(201);
    await askGithub(`PUT ${R}/rulesets/${id}`, {
      token: ada,
      body: { bypass_actors: [{ actor_id: 1, actor_type: 'OrganizationAdmin' }] },
    });
    expect([await write(ada), await write(bob)]).toEqual([201, 'ref_protected']);
    const { object } = (await askGithub(`GET ${R}/git/ref/heads/main`, { token: bob })).body as never as {
      object: { sha: string };
    };
    await askGithub(`POST ${R}/git/refs`, { token: bob, body: { ref: 'refs/heads/other', sha: object.sha } });
    await askGithub(`PATCH ${R}`, { token: ada, body: { default_branch: 'other' } });
    expect((await askGithub(`DELETE ${R}/git/refs/heads/main`, { token: bob })).status).toBe(204);
    expect(await write(bob)).toBe('ref_protected');
  });

  it.each([
    ['a rule that is not enforced here', { rules: [{ type: 'required_linear_history' }] }, 'required_linear_history'],
    ['an actor that is not known here', { bypass_actors: [{ actor_id: 3, actor_type: 'Team' }] }, 'RepositoryRole'],
    [
      'a way past by pull requests',
      { bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'pull_request' }] },
      'pull requests',
    ],
    ['an enforcement that only watches', { enforcement: 'evaluate' }, 'active or disabled'],
    ['no refs', { conditions: { ref_name: { include: [] } } }, 'which refs'],
    ['a pattern that can’t be read', { conditions: { ref_name: { include: ['a[b'] } } }, 'has a [ without a ]'],
    [
      'repositories by name',
      { conditions: { ref_name: { include: ['~ALL'] }, repository_name: { include: ['x'] } } },
      'of an organization',
    ],
    ['no name', { name: ' ' }, 'has a name'],
  ])('with %s is refused, and nothing is kept', async (_what, given, words) => {
    const { askGithub, ada: token } = await world();
    const refused = await askGithub(`POST ${R}/rulesets`, { token, body: ruleset(given) });
    expect([refused.status, refused.text.includes(words)]).toEqual([422, true]);
    expect((await askGithub(`GET ${R}/rulesets`, { token })).body).toEqual([]);
  });

  it('is for whoever administers the repository, has a name of its own, and is one of so many', async () => {
    const { askGithub, ada: token, bob } = await world();
    expect((await askGithub(`POST ${R}/rulesets`, { token: bob, body: ruleset() })).status).toBe(403);
    for (let i = 0; i < MAX_RULESETS; i++)
      await askGithub(`POST ${R}/rulesets`, { token, body: ruleset({ name: `n${i}`, enforcement: 'disabled' }) });
    expect((await askGithub(`POST ${R}/rulesets`, { token, body: ruleset() })).text).toContain(`${MAX_RULESETS}`);
    const { body } = await askGithub(`GET ${R}/rulesets?per_page=100`, { token });
    const all = body as never as { id: number }[];
    expect(all.length).toBe(MAX_RULESETS);
    const taken = await askGithub(`PUT ${R}/rulesets/${all[1]?.id}`, { token, body: { name: 'N0' } });
    expect([taken.status, taken.text.includes('Another ruleset')]).toEqual([422, true]);
  });
});

describe('a ruleset of an organization', () => {
  it('holds for the repositories that it names, owners included, and is told with them', async () => {
    const { askGithub, ask, ada: token, bob, write } = await world();
    const made = await askGithub(`POST ${O}/rulesets`, { token, body: ofOrganization() });
    expect([made.status, made.body]).toMatchObject([
      201,
      {
        source_type: 'Organization',
        source: 'Acme',
        conditions: { repository_name: { include: ['s*'], exclude: [] } },
      },
    ]);
    const { id } = made.body as { id: number };
    expect([await write(token), await write(bob)]).toEqual(['ref_protected', 'ref_protected']);
    const commit = {
      branch: 'main',
      commit_message: 'm',
      actions: [{ action: 'create', file_path: 'y', content: 'y' }],
    };
    const scoped = await ask('POST /projects/Acme%2Fsite/repository/commits', { token, body: commit });
    expect(scoped.text).toContain('(ruleset super cool ruleset of Acme)');
    const listed = async (query: string): Promise<unknown> =>
      (await askGithub(`GET ${R}/rulesets${query}`, { token: bob })).body;
    expect([await listed(''), await listed('?includes_parents=false')]).toMatchObject([[{ id, source: 'Acme' }], []]);
    expect((await askGithub(`GET ${R}/rulesets/${id}`, { token: bob })).status).toBe(200);
    expect((await askGithub(`PUT ${R}/rulesets/${id}`, { token, body: { enforcement: 'disabled' } })).status).toBe(404);
    const body = ofOrganization({}, { include: ['~ALL'], exclude: ['SITE'] });
    expect((await askGithub(`PUT ${O}/rulesets/${id}`, { token, body })).status).toBe(200);
    expect(await write(bob)).toBe(201);
    await askGithub(`PATCH ${R}`, { token, body: { name: 'shop' } });
    expect(
      (await askGithub('PUT /repos/Acme/shop/contents/z', { token: bob, body: { message: 'm', content: 'eA==' } })).body
        .reason,
    ).toBe('ref_protected');
    expect((await askGithub(`GET ${O}/rulesets`, { token: bob })).status).toBe(403);
    expect((await askGithub(`DELETE ${O}/rulesets/${id}`, { token })).status).toBe(204);
  });
});
