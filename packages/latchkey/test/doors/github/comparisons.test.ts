/** Two commits compared, over both APIs. GitHub's answers are checked against GitHub's schemas. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { type GitlabWorld, gitlabWorld } from '../gitlab/api.ts';
import { validated } from './schema-harness.ts';

const R = '/repos/Ada/work';
const P = '/projects/Ada%2Fwork/repository';
const IDENTITY = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b.c',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b.c',
};

/** `main` has one commit more than `side` knows, and `side` has three of its own. */
async function world(): Promise<
  GitlabWorld & { token: GitlabWorld['token']; secret: string; git(args: readonly string[], input?: string): string }
> {
  const made = await gitlabWorld();
  const { secret } = await made.token('Ada', ['repo'], { kind: 'classic' });
  await made.askGithub('POST /user/repos', { token: secret, body: { name: 'work', private: true, auto_init: true } });
  const git = (args: readonly string[], input = ''): string =>
    execFileSync('git', ['-C', made.ctx.git.path('Ada', 'work'), ...args], {
      encoding: 'utf8',
      input,
      env: { PATH: process.env['PATH'], ...IDENTITY },
    }).trim();
  const commit = (parent: string, file: string): string => {
    const blob = git(['hash-object', '-w', '--stdin'], `${file}\n`);
    const entries = git(['ls-tree', parent]);
    const tree = git(['mktree'], `${entries}\n100644 blob ${blob}\t${file}\n`);
    return git(['commit-tree', '-p', parent, '-m', `Add ${file}`, tree]);
  };
  const first = git(['rev-parse', 'main']);
  const sides = ['a', 'b', 'c'].reduce<string[]>((all, file) => [...all, commit(all.at(-1) ?? first, file)], []);
  git(['update-ref', 'refs/heads/feature/side', sides[2]!]);
  git(['update-ref', 'refs/heads/main', commit(first, 'm')]);
  git(['update-ref', 'refs/tags/v0', first]);
  git(['update-ref', 'refs/heads/alone', git(['commit-tree', '-m', 'alone', `${first}^{tree}`])]);
  return { ...made, secret, git };
}

it('tells what the head has that the base lacks, the oldest commit first, with the files', async () => {
  const { askGithub, secret: token, git } = await world();
  const ask = validated(askGithub);
  const answer = await ask(`GET ${R}/compare/main...feature/side`, { token });
  expect(answer).toMatchObject({
    status: 200,
    body: {
      status: 'diverged',
      ahead_by: 3,
      behind_by: 1,
      total_commits: 3,
      merge_base_commit: { sha: git(['rev-parse', 'v0']) },
    },
  });
  expect(answer.body.commits.map((one: { commit: { message: string } }) => one.commit.message)).toEqual([
    'Add a',
    'Add b',
    'Add c',
  ]);
  expect(answer.body.files.map((one: { filename: string; status: string }) => [one.filename, one.status])).toEqual([
    ['a', 'added'],
    ['b', 'added'],
    ['c', 'added'],
  ]);
  const status = async (basehead: string): Promise<string> =>
    (await ask(`GET ${R}/compare/${basehead}`, { token })).body.status;
  expect(await status('v0...main')).toBe('ahead');
  expect(await status('ada:main...Ada:work:v0')).toBe('behind');
  expect(await status('main...main')).toBe('identical');
});

it('goes on page by page from the commits where it began', async () => {
  const { askGithub, secret: token, git } = await world();
  const seen: string[] = [];
  let path = `${R}/compare/main...feature%2Fside?per_page=2`;
  for (let round = 0; path !== ''; round++) {
    const answer = await askGithub(`GET ${path}`, { token });
    seen.push(...answer.body.commits.map((one: { sha: string }) => one.sha));
    expect('files' in answer.body).toBe(round === 0);
    // Whatever is pushed meanwhile, the pages stay those of the first.
    if (round === 0) git(['update-ref', 'refs/heads/feature/side', 'main']);
    const next = /<([^>]+)>; rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1];
    path = next === undefined ? '' : new URL(next).pathname.slice('/api/v3'.length) + new URL(next).search;
  }
  expect(seen.map((id) => git(['log', '-1', '--format=%s', id]))).toEqual(['Add a', 'Add b', 'Add c']);
});

it('gives the difference as text, by GitHub’s media types', async () => {
  const { askGithub, secret: token } = await world();
  const text = async (media: string): Promise<string> => {
    const accept = `application/vnd.github.${media}`;
    return (await askGithub(`GET ${R}/compare/main...feature/side`, { token, headers: { accept } })).text;
  };
  const diff = await text('diff');
  expect(diff.match(/^diff --git /gm)).toHaveLength(3);
  expect(diff).not.toContain('b/m');
  expect((await text('patch')).match(/^Subject: /gm)).toHaveLength(3);
});

it('answers 404 where there is nothing to compare, also to strangers', async () => {
  const { askGithub, token, secret, ask } = await world();
  const github = validated(askGithub);
  for (const basehead of ['main...gone', 'main', 'main..v0', 'main...', '...main', 'Bob:main...main', 'a:b:c:d...main'])
    expect(await github(`GET ${R}/compare/${basehead}`, { token: secret }), basehead).toMatchObject({ status: 404 });
  expect((await github(`GET ${R}/compare/main...alone`, { token: secret })).body.message).toBe(
    'No common ancestor between main and alone.',
  );
  const bob = (await token('Bob', ['repo'], { kind: 'classic' })).secret;
  expect(await github(`GET ${R}/compare/main...v0`, { token: bob })).toMatchObject({ status: 404 });
  expect(await github(`GET ${R}/compare/main...v0`)).toMatchObject({ status: 401 });
  const scoped = (await token('Bob', ['api'])).secret;
  expect(await ask(`GET ${P}/compare?from=main&to=v0`, { token: scoped })).toMatchObject({ status: 404 });
});

it('answers the same in GitLab’s words', async () => {
  const { ask, token } = await world();
  const secret = (await token('Ada', ['read_api'])).secret;
  const get = (path: string) => ask(`GET ${P}/${path}`, { token: secret });
  const answer = await get('compare?from=main&to=feature/side');
  expect(answer.body).toMatchObject({
    commit: { title: 'Add c' },
    commits: [{ title: 'Add a' }, { title: 'Add b' }, { title: 'Add c' }],
    compare_same_ref: false,
    diffs: [
      { new_path: 'a', old_path: 'a', a_mode: '000000', b_mode: '100644', new_file: true, diff: '@@ -0,0 +1 @@\n+a\n' },
      { new_path: 'b' },
      { new_path: 'c' },
    ],
  });
  const paths = (body: { diffs: { new_path: string }[] }): string[] => body.diffs.map((one) => one.new_path);
  expect(paths((await get('compare?from=main&to=feature/side&straight=true')).body)).toEqual(['a', 'b', 'c', 'm']);
  expect(paths((await get('compare?from=alone&to=main')).body)).toEqual(['m']);
  expect((await get('compare?from=main&to=main')).body).toMatchObject({ commits: [], compare_same_ref: true });
  expect(await get('compare?from=main')).toMatchObject({ status: 400, body: { error: 'to is missing' } });
  expect((await get('merge_base?refs[]=main&refs[]=feature/side')).body.title).toBe('Initial commit');
  expect(await get('merge_base?refs[]=main&refs[]=alone')).toMatchObject({ status: 404 });
  expect(await get('merge_base?refs[]=main')).toMatchObject({ status: 400 });
});

it('lists what a commit changed, and the refs that have it', async () => {
  const { ask, token } = await world();
  const secret = (await token('Ada', ['read_api'])).secret;
  const get = (path: string) => ask(`GET ${P}/commits/${path}`, { token: secret });
  expect((await get('feature%2Fside/diff')).body).toMatchObject([{ new_path: 'c', new_file: true, too_large: false }]);
  expect((await get('v0/refs')).body).toEqual([
    { type: 'branch', name: 'feature/side' },
    { type: 'branch', name: 'main' },
    { type: 'tag', name: 'v0' },
  ]);
  const page = await get('v0/refs?type=branch&per_page=1&page=2');
  expect([page.body, page.headers['x-total']]).toEqual([[{ type: 'branch', name: 'main' }], '2']);
});
