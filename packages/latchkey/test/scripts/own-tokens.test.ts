/** A person's commands against a real server, with a token from the environment: whoami, token, open. */
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { causesWorld, type World } from '../causes/world.ts';
import { latchkey } from './latchkey-process.ts';

async function bob(permissions: Record<string, string> = { personal_access_tokens: 'write' }) {
  const world = await causesWorld();
  const { secret } = await world.token({
    name: 'laptop',
    grants: [
      { owner: 'bob', permissions: { contents: 'write', ...permissions } },
      { permissions: { contents: 'write' } },
    ],
  });
  return { world, secret, call: (...args: string[]) => call(world, secret, args) };
}

async function call(world: World, secret: string, args: readonly string[]) {
  const ended = await latchkey(args, { env: { LATCHKEY_URL: world.url, LATCHKEY_TOKEN: secret } });
  expect(ended.stdout + ended.stderr).not.toContain(secret);
  return ended;
}

test('whoami says whose token it is, in words and as JSON', async () => {
  const { world, call } = await bob();
  expect(await call('whoami')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      `^bob at ${world.url}\ntoken 1 "laptop", fine-grained, until \\d+ \\w+ \\d{4}, .* UTC\n$`,
    ),
  });
  expect(JSON.parse((await call('whoami', '--json')).stdout)).toMatchObject({
    url: world.url,
    login: 'bob',
    token: { id: 1, name: 'laptop' },
  });
});

test('a derived token pushes where its rules allow, says whose it is, ends by itself, and makes no other', async () => {
  const { world, call: asLaptop } = await bob();
  const derive = ['token', 'derive', '--repo', 'acme/site', '--permission', 'contents=write', '--ref', 'agent/**'];
  const made = await asLaptop(...derive, '--expires-in', '15m', '--agent', 'bot/1', '--session', 's-1');
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^lkd_[A-Za-z0-9]{36}\n$/),
    stderr: expect.stringMatching(/^derived token 1 "bot\/1", until .*; this is shown once:\n$/),
  });
  const secret = made.stdout.trim();
  const push = (branch: string) =>
    world.git({ username: 'bob', secret, repository: 'acme/site', operation: 'push', branch });
  expect(await push('agent/one')).toMatchObject({ ok: true });
  expect((await push('main')).remote).toContain('Derive another from "laptop". If that one lacks it, too:');
  const asBot = (...args: string[]) => call(world, secret, args);
  expect((await asBot('whoami')).stdout).toContain('token 1 "bot/1"');
  expect((await asBot('token', 'create', '--name', 'mine')).stderr).toContain(
    'token "bot/1" (derived from "laptop") changes nothing that gives access beyond its own life',
  );
  expect((await asBot('token', 'revoke', 'current')).code).toBe(0);
  expect((await asBot('whoami')).stderr).toContain('was revoked');
  expect((await asLaptop('token', 'derive', '--expires-in', '2d')).stderr).toContain('--expires-in takes a time');
});

test('a token is created, shown, rotated and revoked; its secret goes to stdout alone', async () => {
  const { world, call } = await bob();
  const created = await call(
    'token',
    'create',
    '--name',
    'ci',
    '--owner',
    'acme',
    '--repo',
    'site',
    '--permission',
    'contents=read',
    '--expires-in',
    '7',
  );
  expect(created).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^lkf_[A-Za-z0-9]{36}\n$/),
    stderr: expect.stringMatching(/^token 2 "ci", until .*; this is shown once:\n$/),
  });
  expect(
    await world.git({ username: 'ci', secret: created.stdout.trim(), repository: 'acme/site', operation: 'clone' }),
  ).toMatchObject({ ok: true });

  expect(JSON.parse((await call('token', 'show', '2')).stdout)).toMatchObject({
    name: 'ci',
    grants: [{ permissions: { contents: 'read' } }],
  });
  const rotated = await call('token', 'rotate', '2', '--overlap', '60');
  expect(rotated.stdout).toMatch(/^lkf_/);
  expect(rotated.stdout).not.toBe(created.stdout);

  expect(await call('token', 'revoke', '2')).toMatchObject({ code: 0, stdout: '', stderr: 'token 2 is revoked\n' });
  expect(
    await world.git({ username: 'ci', secret: rotated.stdout.trim(), repository: 'acme/site', operation: 'clone' }),
  ).toMatchObject({ ok: false });
  const names = (JSON.parse((await call('token', 'list', '--json')).stdout) as { name: string }[]).map(
    ({ name }) => name,
  );
  expect(names).toEqual(['laptop']);
});

test('a token is made with restrictions, which hold', async () => {
  const { world, call } = await bob();
  const asked = ['--name', 'once', '--owner', 'acme', '--repo', 'site', '--permission', 'contents=read'];
  const limits = ['--address', '127.0.0.0/8', '10.1.2.3', '--not-before', '2026-01-31', '--uses', '5'];
  const created = await call('token', 'create', ...asked, ...limits);
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^lkf_\w+\n$/) });
  expect(JSON.parse((await call('token', 'show', '2')).stdout)).toMatchObject({
    allowed_addresses: ['127.0.0.0/8', '10.1.2.3'],
    not_before: '2026-01-31T00:00:00Z',
    uses_left: 5,
  });
  const attempt = {
    username: 'ci',
    secret: created.stdout.trim(),
    repository: 'acme/site',
    operation: 'clone',
  } as const;
  expect(await world.git(attempt)).toMatchObject({ ok: true });
  const elsewhere = await call('token', 'create', ...asked, '--address', '192.0.2.0/24');
  expect(elsewhere.stderr).toContain('you already have a token named once');
  const bound = await call('token', 'create', ...asked.with(1, 'bound'), '--address', '192.0.2.0/24');
  expect((await world.git({ ...attempt, secret: bound.stdout.trim() })).remote[0]).toContain(
    'The token "bound" may not be used from 127.0.0.1.',
  );
});

test('a token that waits for approval says so, for whom, and who is reminded', async () => {
  const { world, call } = await bob();
  await world.policy('acme', { requiresApproval: true });
  const asked = ['--name', 'ci', '--owner', 'acme', '--repo', 'site', '--permission', 'contents=read'];
  const created = await call('token', 'create', ...asked, '--expires-in', '7');
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^lkf_\w+\n$/) });
  expect(created.stderr.split('\n').slice(1)).toEqual([
    'it waits until an owner of acme approves it: ada can',
    'until then it reads what is public there',
    'hint: to remind them: latchkey token remind 2',
    '',
  ]);
  expect(await call('token', 'remind', '2')).toEqual({ code: 0, stdout: '', stderr: 'reminded ada of acme\n' });
  const again = await call('token', 'remind', '2');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: the owners were reminded on /) });
  expect(await call('token', 'remind')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'the token "laptop" waits for nobody\n',
  });
});

test('check answers yes, or no with the reason and the remedy', async () => {
  const { world, call } = await bob();
  expect(await call('token', 'check', 'contents=write', 'acme/site')).toEqual({ code: 0, stdout: 'yes\n', stderr: '' });
  expect((await call('token', 'check', 'contents=write,metadata=read', 'acme/site')).stdout).toBe('yes\n');
  expect((await call('token', 'check', 'push', 'acme/site', '--ref', 'main')).stdout).toBe('yes\n');
  const unreached = await call('token', 'check', 'clone', 'acme/nowhere');
  expect(unreached).toMatchObject({ code: 1, stderr: expect.stringContaining('acme/nowhere') });
  const no = await call('token', 'check', 'workflows=write', 'acme/site');
  expect(no).toMatchObject({ code: 1, stdout: '' });
  expect(no.stderr).toBe(
    `error: the token "laptop" lacks workflows: write on acme/site\nhint: ` +
      `${world.url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&workflows=write\n`,
  );
});

test('a request to a service is explained: its map, its route, what it needs, and whether a token may', async () => {
  const { world, call } = await bob();
  const at = 'https://git.example.org/acme/site.git';
  const explain = (...args: string[]) => call('route', 'explain', ...args);
  expect(await explain('POST', `${at}/git-receive-pack`, '--token', 'laptop')).toEqual({
    code: 0,
    stdout:
      'map     git\nroute   POST /{owner}/{repo}/git-receive-pack\nabout   acme/site\n' +
      'needs   contents=write\nanswer  yes\n',
    stderr: '',
  });
  const no = await explain('GET', 'https://git.example.org/api/v3/repos/acme/site/actions/secrets', '--token', '1');
  expect(no).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^map     github\n[^]*needs   secrets=read\nanswer/),
  });
  expect(no.stderr).toContain(`hint: ${world.url}/settings/personal-access-tokens/1?target_name=acme`);
  const unknown = await explain('GET', 'https://git.example.org/nowhere');
  expect(unknown.stdout).toBe('map     none\nroute   none\nabout   unknown\nneeds   unknown\nanswer  no\n');
  expect(unknown.stderr).toContain('no route map says what this request needs');
  expect(JSON.parse((await explain('GET', `${at}/HEAD`, '--json')).stdout)).toMatchObject({
    allowed: true,
    route: { service: 'git', line: 0 },
  });
  expect(await explain('GET', `${at}/HEAD`, '--token', 'nobody')).toMatchObject({ code: 2 });
  expect(await explain('GET', '/acme/site.git/HEAD')).toMatchObject({ code: 2 });
});

test('a question that makes no sense is a mistake in the command, and not a no', async () => {
  const { call } = await bob();
  for (const [question, words] of [
    [['nonsense=read'], 'there is no permission named nonsense'],
    [['acme:deploy=read', 'acme/site'], 'there is no permission named acme:deploy'],
    [['contents=write,nonsense=read', 'acme/site'], 'there is no permission named nonsense'],
    [['push'], 'git works on a repository: name one'],
    [['contents=write', 'acme/site', '--ref', 'a..b'], 'that is no name of a branch'],
    [['contents=write', 'acme/site', '--ref', 'main', '--act', 'eat'], 'what happens to a ref is one of'],
  ] as const) {
    const ended = await call('token', 'check', ...question);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: .*\nhint: .*\n$/) });
    expect(ended.stderr).toContain(words);
  }
});

test('a refusal of the server comes with its cause and its address', async () => {
  const { call } = await bob({});
  const refused = await call('token', 'list');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^error: the token "laptop" lacks personal_access_tokens: read.*\nhint: http/);
});

test('the page of a token is printed, and needs no server', async () => {
  const { stdout } = await latchkey(['open', 'token', '12', '--print', '--url', 'https://git.example.org'], {
    env: { HOME: '/nonexistent' },
  });
  expect(stdout).toBe('https://git.example.org/settings/personal-access-tokens/12\n');
});

test.each([
  [['whoami', '--url', 'ftp://x'], '"ftp://x" is no address of a server'],
  [['token', 'show', 'x', '--url', 'http://127.0.0.1:1'], 'a token\'s number is made of digits, not "x"'],
  [['token', 'check', 'contents', '--url', 'http://127.0.0.1:1'], 'a permission is written NAME=LEVEL, not "contents"'],
  [
    ['token', 'rotate', '--overlap', 'long', '--url', 'http://127.0.0.1:1'],
    '--overlap takes a whole number, not "long"',
  ],
  [['login', 'https://git.example.org', '--expires-in', 'soon'], '--expires-in takes a number of days, not "soon"'],
  [['login', 'https://git.example.org', '--permission', 'all'], '--permission takes NAME=LEVEL, not "all"'],
])('the command line %j is refused before anything is sent', async (args, words) => {
  const ended = await latchkey(args, { env: { LATCHKEY_TOKEN: 'x', HOME: '/nonexistent' } });
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr.split('\n')[0]).toBe(`error: ${words}`);
});

test('a server that is down is said with what to look at', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  const ended = await latchkey(['whoami', '--url', url], { env: { LATCHKEY_TOKEN: 'x' } });
  expect(ended).toEqual({
    code: 3,
    stdout: '',
    stderr: `error: ${url} does not take connections\nhint: check the port, and whether the server runs\n`,
  });
});
