/**
 * Limits, policies that come together, and renamed repositories: what stops somebody although nothing is wrong with
 * their token.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { mintTokenText } from '../../src/rules/token-text.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { follow, linkInMail, pressAs } from './follow.ts';
import { causesWorld, type Machine, type Try, type World } from './world.ts';

const UNKNOWN = mintTokenText('fine-grained', randomBytes, null);
const wrong: Try = { username: 'bob', secret: UNKNOWN, repository: 'acme/site', operation: 'clone' };

test('whoever guesses is told to wait by git, REST and the doctor; a token that works is not held back', async () => {
  const world = await causesWorld({ failedCredentialLimit: '1' });
  const { secret } = await world.token();
  expect(await world.git(wrong)).toMatchObject({
    ok: false,
    kept: false,
    fatal: "fatal: Authentication failed for 'SERVER/acme/site.git/'",
  });

  const held = await world.git(wrong);
  expect(held.remote).toEqual([
    'Too many wrong credentials came from 127.0.0.1.',
    expect.stringMatching(/^Try again in 10 minutes, with a token that works:$/),
    `${world.url}/help/too_many_attempts`,
  ]);
  expect(held).toMatchObject({
    ok: false,
    kept: true,
    fatal: "fatal: unable to access 'SERVER/acme/site.git/': The requested URL returned error: 429",
  });
  const answer = await fetch(`${world.url}/acme/site.git/info/refs?service=git-upload-pack`, { headers: basic(wrong) });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([429, 'text/plain; charset=utf-8']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(600);
  expect(await world.rest(wrong)).toMatchObject({
    status: 403,
    body: {
      message: 'Maximum number of login attempts exceeded. Please try again later.',
      reason: 'too_many_attempts',
    },
  });
  const { checks, text } = await world.doctor(wrong);
  expect(checks.find(({ name }) => name === 'clone and fetch')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('Too many wrong credentials came from 127.0.0.1.'),
  });
  expect(text).not.toContain(UNKNOWN);

  for (const operation of ['clone', 'push'] as const)
    expect(await world.git({ ...wrong, secret, operation })).toMatchObject({ ok: true, kept: true });
  expect(await world.rest({ ...wrong, secret })).toMatchObject({ status: 200 });
});

test("the limit of the API is told in GitHub's words with the time to wait, and does not stop git", async () => {
  const world = await causesWorld({ apiRateLimit: '2' });
  const attempt = { ...wrong, secret: (await world.token()).secret };
  for (let n = 0; n < 2; n++) expect(await world.rest(attempt)).toMatchObject({ status: 200 });
  expect(await world.rest(attempt)).toMatchObject({
    status: 403,
    body: { message: expect.stringMatching(/^API rate limit exceeded for user ID \d+\.$/), reason: 'rate_limited' },
  });
  const answer = await fetch(`${world.url}/api/v3/repos/acme/site/branches`, { headers: basic(attempt) });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('x-ratelimit-remaining')).toBe('0');
  const { checks } = await world.doctor(attempt);
  expect(checks.find(({ name }) => name === 'token')).toMatchObject({
    state: 'fail',
    found: expect.stringMatching(/^API rate limit exceeded for user ID \d+\. \(rate_limited\)$/),
  });
  expect(checks.find(({ name }) => name === 'clone and fetch')).toMatchObject({ state: 'ok' });
  expect(await world.git(attempt)).toMatchObject({ ok: true, kept: true });
});

const APPROVAL_AND_CAP = {
  requiresApproval: true,
  maxLifetimeDays: { classic: null, 'fine-grained': 7, scoped: null },
} as const;

/** Bob presses the button that reminds the owners; Ada follows the link in her mail and approves. */
async function askAndApprove(world: World, attempt: Try): Promise<void> {
  await follow(world, `${world.url}/settings/personal-access-tokens/1`, attempt);
  const link = await linkInMail(world, 'ada', 'bob asks for your approval in acme');
  await pressAs(world, 'ada', link, 'review', { ids: '1', action: 'approve' });
}

test('under approval and a cap, a newcomer takes the form as it is, reminds an owner, and git works', async () => {
  const world = await causesWorld();
  await world.policy('acme', APPROVAL_AND_CAP);
  const attempt: Try = { username: 'bob', secret: 'hunter2hunter2', repository: 'acme/site', operation: 'clone' };
  const { remote } = await world.git(attempt);
  const first = await follow(world, remote.at(-1) ?? '', attempt);
  expect(first.page).toContain('Asks acme to read code in acme/site. Until then');
  await askAndApprove(world, first.attempt);
  expect(await world.git(first.attempt)).toMatchObject({ ok: true, kept: true });
});

test('a token that an approval and a cap stop together is told both, and works after two steps', async () => {
  const world = await causesWorld();
  await world.policy('acme', { requiresApproval: true });
  const { secret } = await world.token();
  await world.policy('acme', APPROVAL_AND_CAP);
  const attempt: Try = { username: 'bob', secret, repository: 'acme/site', operation: 'clone' };
  const { remote } = await world.git(attempt);
  expect(remote.slice(0, 2)).toEqual([
    'acme allows fine-grained tokens that live at most 7 days; the token "laptop" lives longer.',
    'The token "laptop" waits until an owner of acme approves it.',
  ]);
  const next = await follow(world, remote.at(-1) ?? '', attempt);
  await askAndApprove(world, next.attempt);
  expect(await world.git(next.attempt)).toMatchObject({ ok: true, kept: true });
});

test('two Authorization headers are told with how to see where they are set; git keeps its token', async () => {
  const world = await causesWorld();
  const attempt = { ...wrong, secret: (await world.token()).secret };
  const machine = await world.machine(attempt);
  const stored = await readFile(join(machine.place, 'credentials'), 'utf8');
  const header = `http.extraHeader=Authorization: ${basic(attempt).authorization}`;
  const { code, output } = await machine.git(['-c', header, '-c', header, 'ls-remote', machine.address]);
  expect([code, output]).toEqual([128, expect.stringContaining('The requested URL returned error: 400')]);
  expect(output).toContain('remote: More than one Authorization header was sent.');
  expect(await readFile(join(machine.place, 'credentials'), 'utf8')).toBe(stored);

  await machine.git(['config', '--global', '--add', 'http.extraHeader', header.slice('http.extraHeader='.length)]);
  const line = /remote: (git config .*)/.exec(output)![1]!;
  const shown = await inShell(line, machine);
  expect(shown).toContain('file:');
  expect(shown).toContain('http.extraheader');
  expect(shown).not.toContain(header.slice(-20));
});

test('a renamed repository is found under its old name; setting the new address ends the warning', async () => {
  const world = await causesWorld();
  const attempt = { ...wrong, secret: (await world.token()).secret };
  const machine = await world.machine(attempt);
  const copy = join(machine.place, 'copy');
  expect(await machine.git(['clone', machine.address, copy])).toMatchObject({ code: 0 });
  await renameSite(world);

  expect(await machine.git(['fetch'], copy), 'git follows where the repository went').toMatchObject({ code: 0 });
  expect(await world.git({ ...attempt, operation: 'push' })).toMatchObject({ ok: true, kept: true });
  const moved = await fetch(`${world.url}/api/v3/repos/acme/site/branches`, {
    headers: basic(attempt),
    redirect: 'manual',
  });
  expect([moved.status, moved.headers.get('location')]).toEqual([301, `${world.url}/api/v3/repos/acme/home/branches`]);
  expect(await moved.json()).toMatchObject({ message: 'Moved Permanently' });

  const found = (await doctorIn(machine, copy)).find(({ name }) => name === 'clone and fetch')!;
  expect(found).toMatchObject({
    state: 'warn',
    found: `the repository is at ${world.url}/acme/home.git now`,
    command: `git remote set-url origin ${world.url}/acme/home.git`,
  });
  expect(await machine.git(found.command!.split(' ').slice(1), copy)).toMatchObject({ code: 0 });
  const after = await machine.git(['fetch'], copy);
  expect([after.code, after.output]).toEqual([0, expect.not.stringContaining('redirecting')]);
  expect((await doctorIn(machine, copy)).find(({ name }) => name === 'clone and fetch')).toMatchObject({
    state: 'ok',
    found: 'allowed on acme/home',
  });
});

/** Runs a line in a shell exactly as offered. */
async function inShell(line: string, { env, place }: Machine): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', line], { env, cwd: place })).stdout;
}

function basic({ username, secret }: Try): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` };
}

/** Ada, who owns Acme, renames acme/site. */
async function renameSite(world: World): Promise<void> {
  const { secret } = await world.token({
    userLogin: 'ada',
    name: 'admin',
    grants: [{ permissions: { administration: 'write' } }],
  });
  const answer = await fetch(`${world.url}/api/v3/repos/acme/site`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: '{"name":"home"}',
  });
  expect(answer.status).toBe(200);
}

async function doctorIn(
  { env }: Machine,
  copy: string,
): Promise<readonly { name: string; state: string; found: string; command?: string }[]> {
  const terminal = recordingTerminal({ ...env, GIT_DIR: join(copy, '.git') });
  await run(['doctor', '--json'], terminal);
  return (
    JSON.parse(terminal.printed.join('\n')) as {
      checks: { name: string; state: string; found: string; command?: string }[];
    }
  ).checks;
}
