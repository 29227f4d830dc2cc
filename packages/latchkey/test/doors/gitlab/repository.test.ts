/** A project's repository over GitLab's dialect: a refused request changes nothing, and says why. */
import { beforeEach, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { archiveRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { type GitlabWorld, gitlabWorld } from './api.ts';

const NOTES = '/projects/Bob%2Fnotes/repository';
const FILE = `${NOTES}/files/docs%2Fa.txt`;

let world: GitlabWorld;
let secret: string;

/** Where the branches are, and the number of recorded pushes. */
async function stateOf(): Promise<unknown> {
  const branches = await world.ask(`GET ${NOTES}/branches`, { token: secret });
  const pushes = await world.ctx.store.db.selectFrom('audit').select('id').where('action', '=', 'git.push').execute();
  return [
    branches.body.map(({ name, commit }: { name: string; commit: { id: string } }) => [name, commit.id]),
    pushes.length,
  ];
}

async function unchanged(operation: string, asking: object, answer: object): Promise<void> {
  const before = await stateOf();
  expect(await world.ask(operation, { token: secret, ...asking }), operation).toMatchObject(answer);
  expect(await stateOf()).toEqual(before);
}

beforeEach(async () => {
  world = await gitlabWorld();
  secret = (await world.token('Bob', ['api'])).secret;
  const made = await world.ask(`POST ${FILE}`, {
    token: secret,
    body: { branch: 'main', commit_message: 'Begin', content: 'one\n' },
  });
  expect(made).toMatchObject({ status: 201, body: { file_path: 'docs/a.txt', branch: 'main' } });
});

describe('a file', () => {
  it('is shown with what its headers say, also to HEAD', async () => {
    const shown = await world.ask(`GET ${FILE}?ref=main`, { token: secret });
    const head = await world.ask(`HEAD ${FILE}?ref=main`, { token: secret });
    expect(head).toMatchObject({ status: 200, text: '' });
    for (const { headers } of [shown, head]) {
      expect(headers).toMatchObject({
        'x-gitlab-blob-id': shown.body.blob_id,
        'x-gitlab-file-path': 'docs/a.txt',
        'x-gitlab-size': '4',
        'x-gitlab-content-sha256': shown.body.content_sha256,
        'x-gitlab-commit-id': shown.body.commit_id,
        'x-gitlab-execute-filemode': 'false',
      });
    }
    expect(await world.ask(`GET ${FILE}/raw`, { token: secret })).toMatchObject({
      status: 200,
      text: 'one\n',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    const unencoded = await world.ask(`GET ${NOTES}/files/docs/a.txt?ref=main`, { token: secret });
    expect(unencoded.body.blob_id).toBe(shown.body.blob_id);
  });

  it('that does not exist, or at a commit that does not exist, gets a 404 that says so', async () => {
    const missing = (path: string, message: string) => unchanged(`GET ${path}`, {}, { status: 404, body: { message } });
    await missing(`${NOTES}/files/none.txt?ref=main`, '404 File Not Found');
    await missing(`${NOTES}/files/docs?ref=main`, '404 File Not Found');
    await missing(`${FILE}?ref=nowhere`, '404 Commit Not Found');
    await missing(`${FILE}?ref=main~1`, '404 Commit Not Found');
    await missing(`${NOTES}/commits/deadbeef`, '404 Commit Not Found');
    await missing(`${NOTES}/branches/none`, '404 Branch Not Found');
    await missing(`${NOTES}/tags/none`, '404 Tag Not Found');
    await missing(`${NOTES}/tree?path=none`, '404 invalid revision or path Not Found');
  });

  it('is not written by an ambiguous request', async () => {
    const write = (body: object, answer: object, method = 'POST', path = `${NOTES}/files/b.txt`) =>
      unchanged(`${method} ${path}`, { body }, { status: 400, body: answer });
    const good = { branch: 'main', commit_message: 'Try', content: 'x' };
    await write({}, { error: 'branch is missing, commit_message is missing, content is missing' });
    await write({ ...good, content: 'not base64!', encoding: 'base64' }, { error: 'content is not base64' });
    await write({ ...good, encoding: 'rot13' }, { error: 'encoding does not have a valid value' });
    await write({ ...good, branch: 'no such' }, { message: { branch: ['That is not a well formed name of a ref.'] } });
    for (const branch of ['-x', '--output=x', 'HEAD'])
      await write({ ...good, branch }, { message: { branch: [expect.stringMatching(/name/)] } });
    await write(
      { ...good, branch: 'other' },
      { message: 'You can only create or edit files when you are on a branch' },
    );
    await write(good, { message: "A file with this name doesn't exist" }, 'PUT');
    await write(good, { message: 'A folder with this name exists' }, 'POST', `${NOTES}/files/docs`);
    await write(good, { message: 'A part of this path is a file' }, 'POST', `${NOTES}/files/docs%2Fa.txt%2Fb`);
    await write(good, { message: 'The file path is not valid' }, 'POST', `${NOTES}/files/..%2Fb`);
    await write(good, { message: 'The file path is not valid' }, 'POST', `${NOTES}/files/.git%2Fconfig`);
    await write(
      { ...good, last_commit_id: '0'.repeat(40) },
      { message: 'You are attempting to update a file that has changed since you started editing it.' },
      'PUT',
      FILE,
    );
    await unchanged(
      `POST ${NOTES}/files/b.txt`,
      { body: `{"content":"${'x'.repeat(36 * 1024 * 1024)}"}`, headers: { 'content-type': 'application/json' } },
      { status: 413 },
    );
  });
});

describe('a commit of several files', () => {
  it('happens whole or not at all', async () => {
    const commit = (actions: unknown, answer: object, more: object = {}) =>
      unchanged(
        `POST ${NOTES}/commits`,
        { body: { branch: 'main', commit_message: 'Try', actions, ...more } },
        { status: 400, body: answer },
      );
    await commit(
      [
        { action: 'create', file_path: 'b', content: 'b' },
        { action: 'delete', file_path: 'none' },
      ],
      { message: "A file with this name doesn't exist", file_path: 'none' },
    );
    await commit([{ action: 'shred', file_path: 'a' }], { error: 'actions[0][action] does not have a valid value' });
    await commit([{ action: 'create', file_path: 'a' }], { error: 'actions[0][content] is missing' });
    await commit([{ action: 'move', file_path: 'a' }], { error: 'actions[0][previous_path] is missing' });
    await commit([], { message: { actions: ['A commit changes 1 to 500 files.'] } });
    await commit('all of them', { error: 'actions is invalid' });
    await commit(
      [{ action: 'create', file_path: 'b', content: 'b' }],
      { error: 'force is not available: a branch only moves forward here' },
      { force: true },
    );
    await commit(
      [{ action: 'create', file_path: 'b', content: 'b' }],
      { error: 'start_branch, start_sha are mutually exclusive' },
      { start_branch: 'main', start_sha: 'main' },
    );
  });

  it('can create a branch', async () => {
    const made = await world.ask(`POST ${NOTES}/commits`, {
      token: secret,
      body: {
        branch: 'topic',
        start_branch: 'main',
        commit_message: 'Go',
        actions: [{ action: 'chmod', file_path: 'docs/a.txt', execute_filemode: true }],
      },
    });
    expect(made).toMatchObject({ status: 201, body: { title: 'Go' } });
    expect((await world.ask(`GET ${NOTES}/tree?ref=topic&recursive=true`, { token: secret })).body).toMatchObject([
      { path: 'docs', mode: '040000' },
      { path: 'docs/a.txt', mode: '100755' },
    ]);
  });
});

describe('who may not', () => {
  it('is told what is missing, in the terms of their token', async () => {
    const body = { branch: 'main', commit_message: 'Try', content: 'x' };
    const readApi = await world.token('Bob', ['read_api']);
    await unchanged(
      `POST ${NOTES}/files/b.txt`,
      { token: readApi.secret, body },
      { status: 403, body: { error: 'insufficient_scope', scope: 'api' } },
    );
    const grants = [
      { owner: '', selection: 'all', repositories: [], permissions: { contents: 'read' }, justification: null },
    ] as const;
    const fine = await world.token('Bob', [], { kind: 'fine-grained', grants });
    await unchanged(
      `POST ${NOTES}/files/b.txt`,
      { token: fine.secret, body },
      {
        status: 403,
        body: {
          error: 'insufficient_granular_scope',
          missing: { contents: 'write' },
          error_description:
            'Access denied: Your Personal Access Token lacks the required permissions: [contents: write] for ' +
            '"Bob/notes".',
        },
      },
    );
    const writing = await world.token('Bob', [], {
      kind: 'fine-grained',
      name: 'two',
      grants: [{ ...grants[0], permissions: { contents: 'write' } }],
    });
    await unchanged(
      `POST ${NOTES}/files/.github%2Fworkflows%2Fci.yml`,
      { token: writing.secret, body },
      { status: 403, body: { reason: 'workflow_permission_missing', missing: { workflows: 'write' } } },
    );
    const cy = await world.token('Cy', ['api']);
    await setCollaborator(world.ctx, operatorPermit(), { owner: 'Bob', name: 'notes', login: 'Cy', role: 'read' });
    await unchanged(
      `POST ${NOTES}/files/b.txt`,
      { token: cy.secret, body },
      { status: 403, body: { message: '403 Forbidden', reason: 'role_insufficient' } },
    );
    await archiveRepository(world.ctx, operatorPermit(), { owner: 'Bob', name: 'notes' });
    await unchanged(`POST ${NOTES}/files/b.txt`, { body }, { status: 403, body: { reason: 'repository_archived' } });
  });

  it('is told GitHub’s scopes where the token is a classic one, and none where none would do', async () => {
    const hooks = await world.token('Bob', ['admin:repo_hook'], { kind: 'classic' });
    await unchanged(
      `GET ${NOTES}/branches`,
      { token: hooks.secret },
      {
        status: 403,
        body: { error: 'insufficient_scope', scope: 'repo' },
        headers: { 'www-authenticate': 'Bearer realm="Latchkey", error="insufficient_scope", scope="repo"' },
      },
    );
    const repo = await world.token('Bob', ['repo'], { kind: 'classic' });
    const answer = await world.ask('GET /personal_access_tokens', { token: repo.secret });
    expect(answer).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
      headers: { 'www-authenticate': 'Bearer realm="Latchkey", error="insufficient_scope"' },
    });
    expect(answer.body).not.toHaveProperty('scope');
    expect(answer.body.fix.text).toContain('fine-grained token');
  });

  it('reads files with read_repository, and nothing else of the project', async () => {
    const reader = await world.token('Bob', ['read_repository']);
    expect((await world.ask(`GET ${FILE}`, { token: reader.secret })).status).toBe(200);
    for (const path of [`${NOTES}/tree`, `${NOTES}/branches`, `${NOTES}/commits`, '/projects/Bob%2Fnotes']) {
      expect(await world.ask(`GET ${path}`, { token: reader.secret }), path).toMatchObject({
        status: 403,
        body: { error: 'insufficient_scope', scope: 'api read_api' },
      });
    }
  });
});

describe('lists', () => {
  it('go on from page to page, counted where that costs nothing', async () => {
    for (const name of ['b', 'c'])
      await world.ask(`POST ${NOTES}/branches`, { token: secret, body: { branch: name, ref: 'main' } });
    const branches = await world.ask(`GET ${NOTES}/branches?per_page=2`, { token: secret });
    expect(branches.headers).toMatchObject({ 'x-total': '3', 'x-next-page': '2' });
    expect((await world.ask(`GET ${NOTES}/branches?search=%5Emai`, { token: secret })).body).toMatchObject([
      { name: 'main', default: true },
    ]);
    const commits = await world.ask(`GET ${NOTES}/commits?per_page=1`, { token: secret });
    expect(commits.headers).toMatchObject({ 'x-page': '1', 'x-next-page': '', 'x-prev-page': '' });
    expect(commits.headers['x-total']).toBeUndefined();
    expect((await world.ask(`GET ${NOTES}/commits?path=none`, { token: secret })).body).toEqual([]);
    expect((await world.ask('GET /projects/Acme%2Fsite/repository/commits', { token: secret })).body).toEqual([]);
  });
});

describe('a token in what is written', () => {
  it('is refused wherever it stands: in a file, a message, a name, a tag', async () => {
    const leaked = (await world.token('Bob', ['read_user'], { name: 'leaked' })).secret;
    const commit = { branch: 'main', commit_message: 'Try', content: 'x' };
    const answer = { status: 403, body: { reason: 'token_in_content' } };
    for (const body of [
      { ...commit, content: `a\n${leaked}` },
      { ...commit, commit_message: `Try ${leaked}` },
      { ...commit, author_name: leaked },
      { ...commit, author_email: `${leaked}@example.org` },
    ]) {
      await unchanged(`POST ${NOTES}/files/b.txt`, { body }, answer);
    }
    await unchanged(`POST ${NOTES}/tags`, { body: { tag_name: 'v1', ref: 'main', message: `One ${leaked}` } }, answer);
    expect(
      (await world.ask(`POST ${NOTES}/tags`, { token: secret, body: { tag_name: 'v1', ref: 'main', message: 'One' } }))
        .status,
    ).toBe(201);
  });
});
