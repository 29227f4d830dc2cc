/**
 * Every door that moves a ref, from the tables of routes: each refuses what the ref rules of a token refuse, and lets
 * the same request pass without them. An endpoint that writes and stands in neither list below fails here, so that
 * nobody adds a door past the rules.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { approvePush } from '../../src/actions/repositories/approvals/approvals.ts';
import { protectRefs } from '../../src/actions/repositories/refs/protections.ts';
import { createRuleset } from '../../src/actions/repositories/refs/rulesets.ts';
import { onRepository } from '../../src/actions/repositories/transfers.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { GITLAB_ROUTES } from '../../src/catalogue/routes/gitlab.ts';
import { ENDPOINTS as GITHUB } from '../../src/doors/github/endpoints.ts';
import { schemaOf } from '../../src/doors/github/graphql/schema.ts';
import { ENDPOINTS as GITLAB } from '../../src/doors/gitlab/endpoints.ts';
import { refRuleDrafts } from '../../src/rules/refs/ref-rule-text.ts';
import { sessionPermit } from '../actions/session.ts';
import { sshPublicKey } from '../ssh-keys.ts';
import { type GitlabWorld, gitlabWorld } from './gitlab/api.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What moves a ref: endpoint → a request that moves `main`, HEAD or a tag, which only `agent/**` isn't. */
type Ids = { readonly first: string; readonly second: string; readonly side: string; readonly blob: string };
type Attempt = readonly [operation: string, body: (ids: Ids) => object | undefined];
const none = (): undefined => undefined;
const R = '/repos/Ada/work';
const P = '/projects/Ada%2Fwork/repository';

const MOVES_ON_GITHUB: Readonly<Record<string, readonly Attempt[]>> = {
  'PUT /repos/{owner}/{repo}/contents/{path}': [
    [`PUT ${R}/contents/new.txt`, () => ({ message: 'new', content: base64('x') })],
    [`PUT ${R}/contents/new.txt`, () => ({ message: 'new', content: base64('x'), branch: 'refs/heads/main' })],
  ],
  'DELETE /repos/{owner}/{repo}/contents/{path}': [
    [`DELETE ${R}/contents/README.md`, ({ blob }) => ({ message: 'gone', sha: blob })],
  ],
  'POST /repos/{owner}/{repo}/git/refs': [
    [`POST ${R}/git/refs`, ({ first }) => ({ ref: 'refs/heads/Agent/x', sha: first })],
    [`POST ${R}/git/refs`, ({ first }) => ({ ref: 'refs/tags/agent/x', sha: first })],
  ],
  'PATCH /repos/{owner}/{repo}/git/refs/{ref}': [
    [`PATCH ${R}/git/refs/heads/side`, ({ second }) => ({ sha: second })],
    [`PATCH ${R}/git/refs/heads/agent%2Fold`, ({ side }) => ({ sha: side, force: true })],
    [`PATCH ${R}/git/refs/tags/v1`, ({ second }) => ({ sha: second, force: true })],
  ],
  'DELETE /repos/{owner}/{repo}/git/refs/{ref}': [[`DELETE ${R}/git/refs/heads/side`, none]],
  'PATCH /repos/{owner}/{repo}': [[`PATCH ${R}`, () => ({ default_branch: 'side' })]],
  'POST /user/repos': [['POST /user/repos', () => ({ name: 'fresh', auto_init: true })]],
  'POST /orgs/{org}/repos': [['POST /orgs/Acme/repos', () => ({ name: 'fresh', auto_init: true })]],
  'DELETE /repos/{owner}/{repo}': [[`DELETE ${R}`, none]],
  'DELETE /orgs/{org}': [['DELETE /orgs/Acme', none]],
};
const COMMIT = { branch: 'main', commit_message: 'm' };
const MOVES_ON_GITLAB: Readonly<Record<string, readonly Attempt[]>> = {
  'POST /projects/{id}/repository/files/{path}': [
    [`POST ${P}/files/new.txt`, () => ({ ...COMMIT, content: 'x' })],
    [`POST ${P}/files/new.txt`, () => ({ ...COMMIT, content: 'x', branch: 'made', start_branch: 'main' })],
  ],
  'PUT /projects/{id}/repository/files/{path}': [[`PUT ${P}/files/README.md`, () => ({ ...COMMIT, content: 'x' })]],
  'DELETE /projects/{id}/repository/files/{path}': [[`DELETE ${P}/files/README.md`, () => COMMIT]],
  'POST /projects/{id}/repository/commits': [
    [`POST ${P}/commits`, () => ({ ...COMMIT, actions: [{ action: 'create', file_path: 'new.txt', content: 'x' }] })],
    [
      `POST ${P}/commits`,
      ({ first }) => ({
        ...COMMIT,
        branch: 'made',
        start_sha: first,
        actions: [{ action: 'create', file_path: 'new.txt', content: 'x' }],
      }),
    ],
  ],
  'POST /projects/{id}/repository/branches': [[`POST ${P}/branches`, () => ({ branch: 'made', ref: 'main' })]],
  'DELETE /projects/{id}/repository/branches/{branch}': [[`DELETE ${P}/branches/side`, none]],
  'POST /projects/{id}/repository/tags': [
    [`POST ${P}/tags`, () => ({ tag_name: 'v2', ref: 'main' })],
    [`POST ${P}/tags`, () => ({ tag_name: 'v2', ref: 'main', message: 'two' })],
  ],
  'DELETE /projects/{id}/repository/tags/{tag_name}': [[`DELETE ${P}/tags/v1`, none]],
};

/** The same over GraphQL: mutation → its arguments. */
const node = (type: string, name: string): string => Buffer.from(`0${type.length}:${type}${name}`).toString('base64');
const MOVES_OVER_GRAPHQL: Readonly<Record<string, (ids: Ids, repositoryId: number) => string>> = {
  createRef: ({ first }, id) => `{repositoryId:"${node('Repository', `${id}`)}",name:"refs/heads/x",oid:"${first}"}`,
  updateRef: ({ second }, id) => `{refId:"${node('Ref', `${id}:refs/heads/side`)}",oid:"${second}"}`,
  deleteRef: (_, id) => `{refId:"${node('Ref', `${id}:refs/heads/side`)}"}`,
  createCommitOnBranch: ({ first }) =>
    `{branch:{repositoryNameWithOwner:"Ada/work",branchName:"main"},expectedHeadOid:"${first}",
      message:{headline:"m"},fileChanges:{additions:[{path:"new.txt",contents:"eA=="}]}}`,
};
/** What changes over GraphQL, and moves no ref: a new repository is empty. */
const MUTATIONS_WITHOUT_MOVES = ['createRepository', 'updateRepository', 'archiveRepository', 'unarchiveRepository'];

/** What writes, and moves no ref. */
const MOVES_NONE: readonly RegExp[] = [
  /^(PUT|DELETE) \/repos\/\{owner\}\/\{repo\}\/collaborators\/\{username\}$/,
  /^POST \/credentials\/revoke$/,
  /^(POST|PUT|DELETE) \/(repos\/\{owner\}\/\{repo\}|orgs\/\{org\})\/rulesets(\/\{ruleset_id\})?$/,
  // A key that writes is refused to tokens with rules: below.
  /^(POST|DELETE) \/repos\/\{owner\}\/\{repo\}\/keys(\/\{key_id\})?$/,
  /^(POST|DELETE) \/user\/keys(\/\{key_id\})?$/,
  /^(POST|PATCH|PUT|DELETE) \/orgs\/\{org\}\/teams\b/,
  /^(POST|DELETE) \/orgs\/\{org\}\/group-rules(\/\{rule_id\})?$/,
  // Owners get other names, and their repositories other addresses.
  /^PATCH \/admin\/(users|organizations)\//,
  /^PUT \/(users|groups)\/\{id\}$/,
  // The repository moves, none of its refs. Refused to tokens with rules: github/transfers.
  /^POST \/repos\/\{owner\}\/\{repo\}\/transfer$/,
  // What may move from now on; nothing moves by it.
  /^(PUT|DELETE) \/repos\/\{owner\}\/\{repo\}\/branches\/\{branch\}\/protection$/,
  /^(POST|DELETE) \/projects\/\{id\}\/protected_(branches|tags)(\/\{name\})?$/,
  /^(POST|DELETE|PATCH) \/user(\/emails)?$/,
  // Accounts for machines, and their tokens: as every token with rules, it makes no wider ones.
  /^(POST|PATCH|DELETE) \/(user|orgs\/\{org\})\/machines\b/,
  /^(POST|DELETE) \/(projects|groups)\/\{id\}\/(access_tokens|deploy_tokens|service_accounts)\b/,
  /^(POST|DELETE) \/projects\/\{id\}\/deploy_keys(\/\{key_id\})?$/,
  // What the operator set up runs sooner than it would.
  /^POST \/projects\/\{id\}\/(remote_mirrors\/\{mirror_id\}\/sync|mirror\/pull)$/,
  // What a rule gives is derived from a token, with its rules.
  /^(POST|PATCH|DELETE) \/enterprise\/workload-issuers\b/,
  /^DELETE \/orgs\/\{org\}\/credential-authorizations\//,
  /^(POST|PUT|DELETE) \/enterprise\/(users|organizations|personal-access-tokens)\b/,
  // Looks through repositories, and ends or frees tokens.
  /^POST \/enterprise\/(repository-check|restoration\/personal-access-tokens)$/,
  /^PATCH \/enterprise\//,
  /^(POST|PUT|PATCH|DELETE) \/orgs\/\{org\}\/(personal-access-token|member|hooks)/,
  /^PATCH \/orgs\/\{org\}(\/|$)/,
  /^(POST|PATCH|DELETE) \/user\/personal-access-token/,
  // Objects that no ref leads to: github/git-objects.
  /^POST \/repos\/\{owner\}\/\{repo\}\/git\/(blobs|trees|commits|tags)$/,
  /^POST \/(repos\/\{owner\}\/\{repo\}|projects\/\{id\})\/statuses\/\{sha\}$/,
  /^(POST|PATCH|DELETE) \/repos\/\{owner\}\/\{repo\}\/hooks\b/,
  /^(POST|DELETE) \/(user\/|users\/\{user_id\}\/)?personal_access_tokens\b/,
];

function writing(all: readonly { readonly method: string; readonly path: string }[]): string[] {
  return all.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}

it('every endpoint that writes is known to move a ref, or to move none', () => {
  const known = new Set([...Object.keys(MOVES_ON_GITHUB), ...Object.keys(MOVES_ON_GITLAB)]);
  const all = [...writing(GITHUB), ...writing(GITLAB), ...writing(GITLAB_ROUTES)];
  expect(all.filter((one) => !known.has(one) && !MOVES_NONE.some((pattern) => pattern.test(one)))).toEqual([]);
  expect([...known].filter((one) => !all.includes(one))).toEqual([]);
});

const WORK = { owner: 'Ada', name: 'work' };

async function closeByProtections(ctx: GitlabWorld['ctx']): Promise<void> {
  for (const pattern of ['refs/heads/**', 'refs/tags/**'])
    await protectRefs(ctx, operatorPermit(), { pattern, create: 'nobody', update: 'nobody', delete: 'nobody' }, WORK);
}

async function closeByRulesets(ctx: GitlabWorld['ctx']): Promise<void> {
  const permit = await onRepository(ctx, operatorPermit(), WORK);
  for (const target of ['branch', 'tag'] as const)
    await createRuleset(ctx, permit, {
      name: target,
      target,
      enforcement: 'active',
      refs: { include: ['~ALL'], exclude: [] },
      repositories: null,
      rules: ['creation', 'update', 'deletion'],
      bypass: ['organization_owner', 'deploy_key'],
    });
}

async function world(): Promise<
  GitlabWorld & { free: string; bound: string; asking: string; ids: Ids; refs(): string; reset(): void }
> {
  const made = await gitlabWorld();
  const permissions = {
    contents: 'write',
    workflows: 'write',
    administration: 'write',
    organization_administration: 'write',
  };
  const account = { ...permissions, organization_administration: undefined, keys: 'write' };
  const grants = [
    { owner: '', permissions: account },
    { owner: 'Acme', permissions },
  ].map(({ owner, permissions: given }) => ({
    owner,
    selection: 'all' as const,
    repositories: [],
    justification: null,
    permissions: Object.fromEntries(Object.entries(given).filter(([, level]) => level !== undefined)) as Record<
      string,
      string
    >,
  }));
  const token = async (rules: readonly string[]): Promise<string> =>
    (
      await made.token('Ada', [], {
        kind: 'fine-grained',
        name: `token with ${rules.length} rules`,
        expiresInDays: 30,
        grants,
        refRules: refRuleDrafts(rules),
      })
    ).secret;
  const free = await token([]);
  const bound = await token(['agent/**']);
  const asking = await token(['refs/heads/**: ask', 'refs/tags/**: ask', 'docs: none']);
  await made.askGithub('POST /user/repos', { token: free, body: { name: 'work', private: true, auto_init: true } });
  const path = made.ctx.git.path('Ada', 'work');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', path, ...args], {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@b.c',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@b.c',
      },
    }).trim();
  const first = git('rev-parse', 'main');
  const commit = (message: string): string => git('commit-tree', '-p', first, '-m', message, `${first}^{tree}`);
  const ids = { first, second: commit('second'), side: commit('side'), blob: git('rev-parse', 'main:README.md') };
  const kept: Readonly<Record<string, string>> = {
    'refs/heads/main': first,
    'refs/heads/side': first,
    'refs/heads/agent/old': ids.second,
    'refs/tags/v1': first,
  };
  const reset = (): void => {
    const there = git('for-each-ref', '--format=%(refname)').split('\n');
    const gone = there.filter((name) => name !== '' && !(name in kept)).map((name) => `delete ${name}\n`);
    const set = Object.entries(kept).map(([name, id]) => `update ${name} ${id}\n`);
    execFileSync('git', ['-C', path, 'update-ref', '--stdin'], { input: [...gone, ...set].join('') });
    git('symbolic-ref', 'HEAD', 'refs/heads/main');
  };
  reset();
  const refs = (): string => `${git('for-each-ref')} ${git('symbolic-ref', 'HEAD')}`;
  return { ...made, free, bound, asking, ids, refs, reset };
}

describe.each([
  ['GitHub', MOVES_ON_GITHUB, 'askGithub'],
  ['GitLab', MOVES_ON_GITLAB, 'ask'],
] as const)('through %s’s API', (_name, doors, ask) => {
  it('a token with ref rules moves no other ref, and one without moves them', async () => {
    const shared = await world();
    const before = shared.refs();
    const attempts = Object.values(doors).flat();
    for (const [operation, body] of attempts) {
      const answer = await shared[ask](operation, { token: shared.bound, body: body(shared.ids) });
      expect([operation, answer.status, answer.body.reason]).toEqual([operation, 403, 'ref_not_allowed']);
      expect(shared.refs()).toBe(before);
    }
    // What ends a repository would be in the way of the rest.
    for (const [operation, body] of attempts.filter(([one]) => !/^DELETE .*\/(work|Acme)$/.test(one))) {
      const answer = await shared[ask](operation, { token: shared.free, body: body(shared.ids) });
      expect([operation, answer.status < 300]).toEqual([operation, true]);
      shared.reset();
    }
  });

  it('a token whose rules ask moves nothing before its owner approved it, and just that then, once', async () => {
    const shared = await world();
    const { ctx, asking: token, ids } = shared;
    const before = shared.refs();
    // What makes a repository, ends one or moves HEAD can't be approved: the test before has it refused.
    const attempts = Object.values(doors)
      .flat()
      .filter(
        ([one]) =>
          !/^(?:DELETE .*\/(?:work|Acme)|PATCH \/repos\/Ada\/work|POST \/(?:user|orgs\/Acme)\/repos)$/.test(one),
      );
    for (const [operation, body] of attempts) {
      const refused = await shared[ask](operation, { token, body: body(ids) });
      expect([operation, refused.status, refused.body.reason]).toEqual([operation, 403, 'ref_needs_approval']);
      const [, id] = /\/settings\/push-approvals\/(\d+)/.exec(refused.text) ?? [];
      expect([operation, id !== undefined, shared.refs()]).toEqual([operation, true, before]);
      // What it makes anew has another time, and so another id.
      ctx.clock.advance(2);
      const asked = await approvePush(ctx, await sessionPermit(ctx, 'Ada'), Number(id));
      const done = await shared[ask](operation, { token, body: body(ids) });
      expect([operation, done.status < 300]).toEqual([operation, true]);
      if (asked.newId !== '')
        expect([operation, shared.refs()]).toEqual([operation, expect.stringContaining(asked.newId)]);
      shared.reset();
      const again = await shared[ask](operation, { token, body: body(ids) });
      expect([operation, again.body.reason]).toEqual([operation, 'ref_needs_approval']);
      ctx.clock.advance(DAY_SEC);
    }
  });

  it.each(['protection', 'ruleset'])('a token moves no ref that a %s closes, whatever it may do', async (by) => {
    const shared = await world();
    const before = shared.refs();
    await (by === 'ruleset' ? closeByRulesets : closeByProtections)(shared.ctx);
    // What makes a repository, ends one or moves HEAD is left to administrators.
    const attempts = Object.values(doors)
      .flat()
      .filter(
        ([one]) =>
          !/^(?:DELETE .*\/(?:work|Acme)|PATCH \/repos\/Ada\/work|POST \/(?:user|orgs\/Acme)\/repos)$/.test(one),
      );
    for (const [operation, body] of attempts) {
      const answer = await shared[ask](operation, { token: shared.free, body: body(shared.ids) });
      expect([operation, answer.status, answer.body.reason]).toEqual([operation, 403, 'ref_protected']);
      expect([operation, shared.refs()]).toEqual([operation, before]);
    }
  });

  it('a token with ref rules moves what they open', async () => {
    const shared = await world();
    const { bound: token, ids } = shared;
    if (ask === 'askGithub') {
      const made = await shared.askGithub(`POST ${R}/git/refs`, {
        token,
        body: { ref: 'refs/heads/agent/new', sha: ids.first },
      });
      const moved = await shared.askGithub(`PATCH ${R}/git/refs/heads/agent%2Fnew`, {
        token,
        body: { sha: ids.second, force: true },
      });
      const written = await shared.askGithub(`PUT ${R}/contents/a.txt`, {
        token,
        body: { message: 'a', content: base64('a'), branch: 'agent/new' },
      });
      expect([made.status, moved.status, written.status]).toEqual([201, 200, 201]);
    } else {
      const made = await shared.ask(`POST ${P}/branches`, { token, body: { branch: 'agent/new', ref: 'main' } });
      const written = await shared.ask(`POST ${P}/files/a.txt`, {
        token,
        body: { ...COMMIT, branch: 'agent/new', content: 'a' },
      });
      expect([made.status, written.status]).toEqual([201, 201]);
    }
  });
});

describe('over GraphQL', () => {
  it('a token with ref rules moves no other ref, and one without moves them', async () => {
    const mutations = Object.keys(schemaOf().getMutationType()?.getFields() ?? {});
    expect(mutations.toSorted()).toEqual([...Object.keys(MOVES_OVER_GRAPHQL), ...MUTATIONS_WITHOUT_MOVES].toSorted());
    const shared = await world();
    const { body } = await shared.askGithub(`GET ${R}`, { token: shared.free });
    const before = shared.refs();
    for (const [mutation, inputOf] of Object.entries(MOVES_OVER_GRAPHQL)) {
      const query = `mutation{${mutation}(input:${inputOf(shared.ids, body.id)}){clientMutationId}}`;
      const refused = await shared.askGraphql(query, { token: shared.bound });
      expect([mutation, refused.body.errors]).toMatchObject([
        mutation,
        [{ type: 'FORBIDDEN', path: [mutation], extensions: { reason: 'ref_not_allowed' } }],
      ]);
      const waits = await shared.askGraphql(query, { token: shared.asking });
      expect([mutation, waits.body.errors[0].extensions.reason]).toEqual([mutation, 'ref_needs_approval']);
      expect(shared.refs()).toBe(before);
      const done = await shared.askGraphql(query, { token: shared.free });
      expect([mutation, done.body.errors, shared.refs() === before]).toEqual([mutation, undefined, false]);
      shared.reset();
    }
  });
});

it('a token with ref rules gives itself no key that pushes past them', async () => {
  const { ask, askGithub, bound, free } = await world();
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ci';
  const refused = await askGithub(`POST ${R}/keys`, { token: bound, body: { key, read_only: false } });
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('read-only deploy keys only')]);
  expect((await askGithub(`POST ${R}/keys`, { token: bound, body: { key, read_only: true } })).status).toBe(201);
  for (const own of [ask, askGithub]) {
    const answer = await own('POST /user/keys', { token: bound, body: { key: sshPublicKey('ed25519'), title: 'own' } });
    expect([answer.status, answer.text]).toEqual([expect.any(Number), expect.stringContaining('adds no SSH keys')]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
  expect(free).not.toBe(bound);
});
