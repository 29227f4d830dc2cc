/**
 * GitHub's own client, unchanged, against this server: an organization that requires approval, from the request to the
 * end.
 */
import { Octokit } from '@octokit/rest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { grant } from './api.ts';
import { type Running, startWorld } from './running.ts';

let world: Running;
beforeAll(async () => {
  world = await startWorld();
  for (const login of ['ada', 'bob']) await world.person(login);
  await world.organization('acme', 'ada', ['bob']);
  await world.repository('acme/site', 'private');
  await world.repository('acme/docs', 'public');
  await world.collaborator('acme/site', 'bob', 'write');
});
afterAll(() => world.close());

function octokit(auth?: string): Octokit {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  return new Octokit({
    baseUrl: world.api,
    ...(auth === undefined ? {} : { auth }),
    log: silent,
    retry: { enabled: false },
  });
}

/** The status and message with which a call failed. */
async function refusalOf(call: Promise<unknown>): Promise<string> {
  const error = (await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )) as { status?: number; response?: { data?: { message?: string } } } | null;
  return `${error?.status} ${error?.response?.data?.message}`;
}

it('a token is requested, waits, is approved, works, is revoked, and is refused', async () => {
  const owner = octokit(
    (
      await world.token('ada', {
        name: 'governs',
        grants: [
          grant({
            owner: 'acme',
            permissions: {
              organization_personal_access_tokens: 'write',
              organization_personal_access_token_requests: 'write',
            },
          }),
        ],
      })
    ).secret,
  );
  const { secret, id } = await world.token('bob', {
    name: 'ci',
    grants: [
      grant({
        owner: 'acme',
        selection: 'selected',
        repositories: ['site'],
        permissions: { contents: 'write' },
        justification: 'to build',
      }),
    ],
  });
  const bob = octokit(secret);
  const file = {
    owner: 'acme',
    repo: 'site',
    path: 'README.md',
    message: 'say hello',
    content: Buffer.from('hello\n').toString('base64'),
  };

  expect((await bob.users.getAuthenticated()).data.login).toBe('bob');
  expect(await refusalOf(bob.repos.createOrUpdateFileContents(file))).toBe(
    '403 Resource not accessible by personal access token',
  );
  expect((await bob.repos.get({ owner: 'acme', repo: 'docs' })).data.full_name).toBe('acme/docs');
  expect(await refusalOf(bob.repos.get({ owner: 'acme', repo: 'nothing' }))).toMatch(/^40[34] /);
  expect(await world.gitStatus('acme/site', 'git-upload-pack', secret)).toBe(403);

  const {
    data: [request],
  } = await owner.orgs.listPatGrantRequests({ org: 'acme' });
  expect(request).toMatchObject({
    token_id: id,
    reason: 'to build',
    repository_selection: 'subset',
    permissions: { repository: { contents: 'write', metadata: 'read' } },
  });
  await owner.orgs.reviewPatGrantRequest({
    org: 'acme',
    pat_request_id: request!.id,
    action: 'approve',
    reason: 'welcome',
  });

  const written = await bob.repos.createOrUpdateFileContents(file);
  expect(written.status).toBe(201);
  expect(written.headers['x-accepted-github-permissions']).toBe('contents=write; contents=write,workflows=write');
  const { data } = await bob.repos.getContent({ owner: 'acme', repo: 'site', path: 'README.md' });
  expect(Buffer.from((data as { content: string }).content, 'base64').toString()).toBe('hello\n');
  expect(await world.gitStatus('acme/site', 'git-receive-pack', secret)).toBe(200);

  const {
    data: [granted],
  } = await owner.orgs.listPatGrants({ org: 'acme', owner: ['bob'] });
  await owner.orgs.updatePatAccess({ org: 'acme', pat_id: granted!.id, action: 'revoke' });
  expect(await refusalOf(bob.repos.getContent({ owner: 'acme', repo: 'site', path: 'README.md' }))).toBe(
    '403 Resource not accessible by personal access token',
  );
  expect(await world.gitStatus('acme/site', 'git-upload-pack', secret)).toBe(403);
  expect((await bob.repos.get({ owner: 'acme', repo: 'docs' })).status).toBe(200);
  expect((await octokit().credentials.revoke({ credentials: [secret] })).status).toBe(202);
  expect(await refusalOf(bob.users.getAuthenticated())).toBe('401 Bad credentials');
});

it('a list is followed to its end', async () => {
  const owner = octokit(
    (
      await world.token('ada', {
        name: 'reads',
        grants: [grant({ owner: 'acme', permissions: { organization_personal_access_tokens: 'read' } })],
      })
    ).secret,
  );
  for (let i = 0; i < 7; i++) await world.token('ada', { name: `many ${i}`, grants: [grant({ owner: 'acme' })] });
  const all = await owner.paginate(owner.orgs.listPatGrants, { org: 'acme', per_page: 2 });
  const names = all.map(({ token_name: name }) => name).filter((name) => name?.startsWith('many'));
  expect(names).toEqual([6, 5, 4, 3, 2, 1, 0].map((i) => `many ${i}`));
});

it('the server tells what it is and how much is left', async () => {
  const { data } = await octokit().meta.get();
  expect(data.verifiable_password_authentication).toBe(false);
  expect((await octokit().rateLimit.get()).data.resources.core.limit).toBeGreaterThan(0);
  expect((await octokit().meta.root()).data.current_user_url).toBe(
    `${world.server.context.settings.publicUrl}/api/v3/user`,
  );
});
