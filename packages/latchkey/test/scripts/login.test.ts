/**
 * `latchkey login` as real processes against a real server, with somebody who approves in the browser or never comes
 * back; and the renewal of the resulting token.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { approveCode } from '../../src/actions/tokens/device-authorization.ts';
import { revokeToken } from '../../src/actions/tokens/tokens.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { run } from '../../src/cli/program.ts';
import { readLoginRequest } from '../../src/rules/login-request.ts';
import { bobsPermit } from '../causes/bob.ts';
import { causesWorld, type World } from '../causes/world.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { siteWith } from '../site-with-a-path.ts';
import { once } from '../waits.ts';
import { latchkey, MAIN, runProgram } from './latchkey-process.ts';

/** A person whose browser command does nothing. */
async function home(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-login-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, '.gitconfig'), '');
  return {
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
    GIT_CONFIG_GLOBAL: join(folder, '.gitconfig'),
    BROWSER: 'true',
    PATH: process.env['PATH']!,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

/** Begins to sign in; returns the page that the browser is sent to, and the end. */
async function begin(
  url: string,
  env: Record<string, string>,
  name: string,
): Promise<{ page: URL; ended: Promise<{ code: number; said: string }> }> {
  const child = spawn(process.execPath, [MAIN, 'login', url, '--name', name, '--ref', '**', 'refs/tags/**: create'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ended = once(child, 'close', 120_000).then(([code]) => ({ code: code as number, said }));
  await expect.poll(() => said, { timeout: 30_000 }).toMatch(/^Sign in with your browser: \S+\n/);
  return { page: new URL(/browser: (\S+)/.exec(said)![1]!), ended };
}

/** What the browser brings back after Bob has approved on the page. */
async function approved(world: World, page: URL): Promise<string> {
  const asked = page.searchParams;
  const read = readLoginRequest(asked);
  if ('error' in read) throw new Error(read.error);
  const redirectUri = asked.get('redirect_uri')!;
  const choice = {
    name: asked.get('token_name')!,
    levels: new Map([
      ['contents', 'write'],
      ['personal_access_tokens', 'write'],
    ]),
    owners: ['acme', 'bob'],
    expiresInDays: 1,
  };
  const code = await approveCode(
    world.server.context,
    await bobsPermit(world),
    { request: read.request, redirectUri, challenge: asked.get('code_challenge')!, address: '127.0.0.1' },
    choice,
  );
  return `${redirectUri}?${new URLSearchParams({ code: code.reveal(), state: asked.get('state')! })}`;
}

const credentialsOf = async (env: Record<string, string>) =>
  (
    JSON.parse(await readFile(join(env['XDG_DATA_HOME']!, 'latchkey/credentials.json'), 'utf8')) as {
      credentials: { username: string; secret: string; expiresAt: number }[];
    }
  ).credentials;

test('a browser closed halfway ends the sign-in after its time, with what to do, and nothing is kept', async () => {
  const world = await causesWorld();
  const env = await home();
  const terminal = { ...recordingTerminal(env), loginWaitMs: 200 };
  expect(await run(['login', world.url], terminal)).toBe(EXIT.refused);
  expect(terminal.said).toEqual([
    expect.stringMatching(/^Sign in with your browser: /),
    'error: nobody came back from the browser in time, so nobody is signed in',
    `hint: begin again, or without a browser on this machine: latchkey login ${world.url} --device`,
  ]);
  expect(await readFile(env['GIT_CONFIG_GLOBAL']!, 'utf8')).toBe('');
  const port = new URL(new URL(terminal.said[0]!.split(': ')[1]!).searchParams.get('redirect_uri')!).origin;
  await expect
    .poll(
      () =>
        fetch(port).then(
          () => 'open',
          () => 'closed',
        ),
      { timeout: 30_000 },
    )
    .toBe('closed');
});

test('an answer that the command did not ask for, without its state or with another, is not heard', async () => {
  const world = await causesWorld();
  const { page, ended } = await begin(world.url, await home(), 'laptop');
  const back = page.searchParams.get('redirect_uri');
  const state = page.searchParams.get('state') ?? '';
  const send = (answer: Record<string, string>) => fetch(`${back}?${new URLSearchParams(answer)}`);
  for (const forged of [{}, { state: '' }, { state: 'A'.repeat(state.length) }, { state: `${state}x` }])
    expect((await send({ code: 'forged', ...forged })).status).toBe(404);
  // It still waits: the answer with its state is the one that ends it.
  expect((await send({ error: 'access_denied', state })).status).toBe(200);
  expect((await ended).code).toBe(EXIT.refused);
});

test('a no in the browser ends it at once', async () => {
  const world = await causesWorld();
  const { page, ended } = await begin(world.url, await home(), 'laptop');
  const back = new URLSearchParams({ error: 'access_denied', state: page.searchParams.get('state')! });
  await fetch(`${page.searchParams.get('redirect_uri')}?${back}`);
  expect(await ended).toEqual({
    code: EXIT.refused,
    said: expect.stringContaining(
      `error: the sign-in was refused in the browser\nhint: begin again: latchkey login ${world.url}\n`,
    ),
  });
});

test('two sign-ins at once have a port, a state and a token each, and neither ends the other', async () => {
  const world = await causesWorld();
  const env = await home();
  const [first, second] = await Promise.all([begin(world.url, env, 'one'), begin(world.url, env, 'two')]);
  for (const part of ['redirect_uri', 'state', 'code_challenge'])
    expect(first.page.searchParams.get(part)).not.toBe(second.page.searchParams.get(part));

  const [toFirst, toSecond] = [await approved(world, first.page), await approved(world, second.page)];
  const crossed = `${first.page.searchParams.get('redirect_uri')}?${new URL(toSecond).searchParams}`;
  expect((await fetch(crossed)).status, "the other's answer is not taken").toBe(404);
  expect((await Promise.all([fetch(toSecond), fetch(toFirst)])).map(({ status }) => status)).toEqual([200, 200]);
  const [one, two] = await Promise.all([first.ended, second.ended]);
  expect([one.code, two.code], one.said + two.said).toEqual([0, 0]);

  expect(first.page.searchParams.get('ref_rules')).toBe('**;refs/tags/**: create');
  const kept = await credentialsOf(env);
  expect(kept.map(({ username }) => username).toSorted()).toEqual(['bob+1', 'bob+2']);
  expect(new Set(kept.map(({ secret }) => secret)).size).toBe(2);
  for (const { username, secret } of kept) {
    expect(one.said + two.said).not.toContain(secret);
    expect(await world.git({ username, secret, repository: 'acme/site', operation: 'clone' })).toMatchObject({
      ok: true,
    });
  }
  const helpers = await runProgram('git', ['config', '--global', '--get-all', `credential.${world.url}.helper`], {
    env,
  });
  expect(helpers.stdout.trim().split('\n'), 'git asks us once').toHaveLength(1);
});

const bookOf = (env: Record<string, string>): string => join(env['XDG_DATA_HOME']!, 'latchkey/credentials.json');

/** As if the token had been made 30 days ago. */
async function nearItsEnd(env: Record<string, string>): Promise<void> {
  const aged = (await readFile(bookOf(env), 'utf8')).replace(
    /"issuedAt": (\d+)/,
    (_all, at: string) => `"issuedAt": ${Number(at) - 30 * 86_400}`,
  );
  await writeFile(bookOf(env), aged);
  await chmod(bookOf(env), 0o600);
}

test('a dead token is replaced by the line that whoami offers, and LATCHKEY_TOKEN is named', async () => {
  const world = await causesWorld();
  const env = await home();
  const first = await begin(world.url, env, 'laptop');
  await fetch(await approved(world, first.page));
  expect(await first.ended).toMatchObject({ code: 0, said: expect.not.stringContaining('hint: ') });
  await revokeToken(world.server.context, operatorPermit(), 1);
  const whoami = async () => {
    const terminal = recordingTerminal(env);
    return { code: await run(['whoami'], terminal), lines: [...terminal.printed, ...terminal.said] };
  };
  expect((await whoami()).lines.at(-1)).toBe(`hint: latchkey login ${world.url}`);
  const second = await begin(world.url, { ...env, LATCHKEY_TOKEN: 'x' }, 'laptop again');
  await fetch(await approved(world, second.page));
  expect(await second.ended).toMatchObject({
    code: 0,
    said: expect.stringContaining(
      'hint: latchkey commands use LATCHKEY_TOKEN before this sign-in: unset LATCHKEY_TOKEN',
    ),
  });
  expect(await whoami()).toMatchObject({
    code: 0,
    lines: [`bob at ${world.url}`, expect.stringContaining('token 2 ')],
  });
});

test('a new token that can’t be kept is ended again, and the reason is said', async () => {
  const world = await causesWorld();
  const env = await home();
  const { page, ended } = await begin(world.url, env, 'laptop');
  await rm(env['XDG_DATA_HOME']!, { recursive: true, force: true });
  await writeFile(env['XDG_DATA_HOME']!, 'a file where the folder was');
  await fetch(await approved(world, page));
  expect(await ended).toEqual({ code: EXIT.fault, said: expect.stringContaining("can't be written, so nothing is") });
  const tokens = await world.server.context.store.db.selectFrom('tokens').select(['id', 'revoked_at']).execute();
  expect(tokens).toEqual([{ id: 1, revoked_at: expect.any(Number) }]);
});

test('a token is not renewed where the new secret can’t be kept, and the held one goes on', async () => {
  const world = await causesWorld();
  const env = await home();
  const { page, ended } = await begin(world.url, env, 'laptop');
  await fetch(await approved(world, page));
  expect(await ended).toMatchObject({ code: 0 });
  await nearItsEnd(env);
  const [held] = await credentialsOf(env);
  // The longest path that the system takes: the file can be read, and no other beside it can be made. Holds for root.
  const deep = { ...env, XDG_DATA_HOME: folderOfLength(env['HOME']!, 4_095 - '/latchkey/credentials.json'.length) };
  await mkdir(join(deep.XDG_DATA_HOME, 'latchkey'), { recursive: true });
  await rename(bookOf(env), bookOf(deep));

  for (let ask = 0; ask < 3; ask++) {
    const input = `protocol=http\nhost=${new URL(world.url).host}\n`;
    const { stdout, stderr } = await latchkey(['credential', 'get'], { env: deep, input });
    expect(stdout).toContain(`password=${held!.secret}\n`);
    expect(stderr).toMatch(
      /^latchkey: the token could not be renewed: .* can't be written, so nothing is remembered\n$/,
    );
  }
  const { username, secret } = held!;
  expect(await world.git({ username, secret, repository: 'acme/site', operation: 'clone' })).toMatchObject({
    ok: true,
  });
});

function folderOfLength(base: string, length: number): string {
  const rest = length - base.length;
  // Parts of at most 100 characters, and of at least one besides their slash.
  const parts = Array.from({ length: Math.ceil(rest / 100) }, (_, i) => Math.floor((rest + i) / Math.ceil(rest / 100)));
  return base + parts.map((size) => `/${'d'.repeat(size - 1)}`).join('');
}

test('near its end the helper renews the token at the server, and git goes on with the new secret', async () => {
  const world = await causesWorld();
  const env = await home();
  const { page, ended } = await begin(world.url, env, 'laptop');
  await fetch(await approved(world, page));
  expect(await ended).toMatchObject({ code: 0 });
  const [before] = await credentialsOf(env);
  await nearItsEnd(env);

  const cloned = await runProgram('git', ['clone', `${world.url}/acme/site.git`, join(env['HOME']!, 'copy')], { env });
  expect(cloned).toMatchObject({ code: 0, stderr: expect.not.stringContaining('could not be renewed') });
  const [after, ...others] = await credentialsOf(env);
  expect(others).toEqual([]);
  expect(after!.username).toBe(before!.username);
  expect(after!.secret).not.toBe(before!.secret);
  expect(after!.expiresAt).toBeGreaterThanOrEqual(before!.expiresAt);
  const attempt = { username: 'bob', repository: 'acme/site', operation: 'clone' as const };
  expect(await world.git({ ...attempt, secret: after!.secret })).toMatchObject({ ok: true });
  expect(
    (await world.git({ ...attempt, secret: before!.secret })).remote[0],
    'git has used the new secret, which ends the old one',
  ).toContain('was rotated, and this is its old value');
  const again = await latchkey(['credential', 'get'], {
    env,
    input: `protocol=http\nhost=${new URL(world.url).host}\n`,
  });
  expect(again.stdout, 'and it is not renewed again').toContain(`password=${after!.secret}\n`);
  expect(
    await world.server.context.store.db.selectFrom('tokens').select('id').execute(),
    'it is the same token',
  ).toEqual([{ id: 1 }]);
});

test('below a path the server is found from a repository on it, and every command keeps to the path', async () => {
  const { base, leadTo } = await siteWith(true);
  const world = await causesWorld({ publicUrl: base });
  leadTo(Number(new URL(world.server.url).port));
  const env = await home();
  const { page, ended } = await begin(`${base}/acme/site`, env, 'laptop');
  expect(page.href.startsWith(`${base}/login/`)).toBe(true);
  await fetch(await approved(world, page));
  expect(await ended).toMatchObject({ code: 0, said: expect.stringContaining(`signed in at ${base} as bob`) });

  const said = async (...words: string[]) => {
    const terminal = recordingTerminal(env);
    return { code: await run(words, terminal), text: [...terminal.printed, ...terminal.said].join('\n') };
  };
  for (const url of [[], ['--url', base], ['--url', `${base}/acme/site.git`]])
    expect(await said('whoami', ...url)).toMatchObject({ code: 0, text: expect.stringContaining(`bob at ${base}\n`) });

  await nearItsEnd(env);
  const [before] = await credentialsOf(env);
  const copy = join(env['HOME']!, 'copy');
  const cloned = await runProgram('git', ['clone', `${base}/acme/site.git`, copy], { env });
  expect(cloned).toMatchObject({ code: 0, stderr: expect.not.stringContaining('could not be renewed') });
  expect((await credentialsOf(env))[0]!.secret).not.toBe(before!.secret);
  const examined = await latchkey(['doctor'], { env, cwd: copy });
  expect(examined, examined.stdout + examined.stderr).toMatchObject({ code: 0 });
});

test('of several commands near the end of a token one renews it, and the others go on', async () => {
  const world = await causesWorld();
  const env = await home();
  const { page, ended } = await begin(world.url, env, 'laptop');
  await fetch(await approved(world, page));
  expect(await ended).toMatchObject({ code: 0 });
  await nearItsEnd(env);
  const input = `protocol=http\nhost=${new URL(world.url).host}\n`;
  const asked = await Promise.all([1, 2, 3].map(() => latchkey(['credential', 'get'], { env, input })));
  expect(asked.map(({ stderr }) => stderr)).toEqual(['', '', '']);
  const rotations = await world.server.context.store.db
    .selectFrom('audit')
    .select('action')
    .where('action', '=', 'personal_access_token.credential_regenerated')
    .execute();
  expect(rotations).toHaveLength(1);
  const [kept] = await credentialsOf(env);
  const attempt = { username: 'bob', repository: 'acme/site', operation: 'clone' as const };
  expect(await world.git({ ...attempt, secret: kept!.secret })).toMatchObject({ ok: true });
});

test('a new secret of the token that git uses is kept for git, and that of another is not', async () => {
  const world = await causesWorld();
  const env = await home();
  const { page, ended } = await begin(world.url, env, 'laptop');
  await fetch(await approved(world, page));
  expect(await ended).toMatchObject({ code: 0 });
  const secrets = [(await credentialsOf(env))[0]!.secret];
  for (const id of [[], ['1']]) {
    const { code, stdout, stderr } = await latchkey(['token', 'rotate', ...id], { env });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`git uses the new secret at ${world.url} from now on\n`);
    secrets.push(stdout.trim());
    expect((await credentialsOf(env)).map(({ secret }) => secret)).toEqual([stdout.trim()]);
  }
  expect(new Set(secrets).size).toBe(3);
  const other = await world.token({ name: 'ci' });
  expect((await latchkey(['token', 'rotate', String(other.id)], { env })).stderr).not.toContain('git uses');
  expect((await credentialsOf(env)).map(({ secret }) => secret)).toEqual([secrets.at(-1)]);
});
