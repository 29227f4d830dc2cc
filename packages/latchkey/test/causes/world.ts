/**
 * The world of the causes: a server with people and repositories, a real git with a home folder of its own that keeps credentials in git's
 * own `store` helper, and somebody who follows what the server offers.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startServer, type RunningServer } from '../../src/app.ts';
import { addOrganization, addUser, setMember } from '../../src/actions/accounts.ts';
import { operatorPermit } from '../../src/actions/authorize.ts';
import { digestPassword } from '../../src/actions/password.ts';
import { addRepository, setCollaborator } from '../../src/actions/repositories.ts';
import { createToken } from '../../src/actions/tokens.ts';
import { loadSettings } from '../../src/base/config.ts';
import { Secret } from '../../src/base/secret.ts';
import type { GrantDraft, TokenDraft } from '../../src/rules/draft.ts';
import { NO_POLICY, type StoredPolicy } from '../../src/rules/policy.ts';
import { accountByLogin } from '../../src/store/accounts.ts';
import { setPolicy } from '../../src/store/policies.ts';

export const PASSWORD = 'correct horse battery';

export interface Made {
  readonly id: number;
  readonly secret: string;
}

/** What somebody tries: a credential (null = none), on a repository. */
export interface Try {
  readonly username: string;
  readonly secret: string;
  readonly repository: string;
  readonly operation: 'clone' | 'push';
  /** A file to push, instead of `notes.txt`. */
  readonly file?: string;
}

export interface GitOutcome {
  readonly ok: boolean;
  /** What the server said, a line each. */
  readonly remote: readonly string[];
  /** Git's own last line. */
  readonly fatal: string;
  readonly output: string;
  /** True when the credential is still in git's store. */
  readonly kept: boolean;
}

export interface World {
  readonly server: RunningServer;
  readonly url: string;
  /** A fine-grained token of Bob's for all of Acme's repositories, unless something else is given. */
  token(given?: Partial<Omit<TokenDraft, 'grants'>> & { grants?: readonly Partial<GrantDraft>[] }): Promise<Made>;
  policy(owner: string, given: Partial<StoredPolicy>): Promise<void>;
  git(attempt: Try): Promise<GitOutcome>;
  rest(secret: string, path: string): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** Ada owns Acme; Bob is a member who may push to acme/site; Cy is nobody's. */
export async function causesWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-causes-'));
  const server = await startServer(loadSettings({ flags: { data: join(folder, 'data'), port: '0', logLevel: 'silent' }, env: {} }));
  const close = async (): Promise<void> => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    onTestFinished(close);
    const world = worldOf(server, folder);
    await populate(world);
    return world;
  } catch (error) {
    await close();
    throw error;
  }
}

async function populate(world: World): Promise<void> {
  const { context } = world.server;
  const permit = operatorPermit();
  const password = await digestPassword(new Secret(PASSWORD));
  for (const login of ['ada', 'bob', 'cy']) {
    await addUser(context, permit, { login, email: `${login}@example.org`, verified: true, admin: false, password: null });
    await context.store.db.updateTable('accounts').set({ password_digest: password }).where('login', '=', login).execute();
  }
  await addOrganization(context, permit, { name: 'acme', owner: 'ada' });
  await setMember(context, permit, { organization: 'acme', login: 'bob', role: 'member' });
  await world.policy('acme', { requiresApproval: false });
  for (const [owner, name, visibility] of [['acme', 'site', 'private'], ['acme', 'docs', 'public'], ['acme', 'ledger', 'private'], ['bob', 'diary', 'private']] as const) {
    await addRepository(context, permit, { owner, name, visibility });
  }
  await setCollaborator(context, permit, { owner: 'acme', name: 'site', login: 'bob', role: 'write' });
  await setCollaborator(context, permit, { owner: 'acme', name: 'docs', login: 'bob', role: 'write' });
}

function worldOf(server: RunningServer, folder: string): World {
  const url = server.context.settings.publicUrl;
  const { context } = server;
  return {
    server, url,
    token: async (given = {}) => {
      const kind = given.kind ?? 'fine-grained';
      const grants = kind !== 'fine-grained' ? [] : (given.grants ?? [{}]).map((grant): GrantDraft => (
        { owner: 'acme', selection: 'all', repositories: [], permissions: { contents: 'write' }, justification: null, ...grant }));
      const { secret, token } = await createToken(context, operatorPermit(), {
        userLogin: 'bob', name: 'laptop', description: '', scopes: [], expiresInDays: 30, ...given, kind, grants,
      });
      return { id: token.id, secret: secret.reveal() };
    },
    policy: async (owner, given) => {
      const account = await accountByLogin(context.store.db, owner);
      await context.store.transaction((tx) => setPolicy(tx, account!.id, { ...NO_POLICY, requiresApproval: false, ...given }, context.clock.now()));
    },
    git: (attempt) => tryWithGit(url, folder, attempt),
    rest: async (secret, path) => {
      const answer = await fetch(`${url}/api/v3${path}`, { headers: { authorization: `Bearer ${secret}` } });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
  };
}

async function tryWithGit(url: string, folder: string, { username, secret, repository, operation, file = 'notes.txt' }: Try): Promise<GitOutcome> {
  const place = await mkdtemp(join(folder, 'try-'));
  const store = join(place, 'credentials');
  const env = {
    PATH: process.env['PATH'], HOME: place, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', LC_ALL: 'C',
    GIT_AUTHOR_NAME: 'Bob', GIT_AUTHOR_EMAIL: 'bob@example.org', GIT_COMMITTER_NAME: 'Bob', GIT_COMMITTER_EMAIL: 'bob@example.org',
  };
  const git = (args: readonly string[], cwd = place): Promise<{ code: number; output: string }> => run('git', ['-c', 'core.quotePath=false', ...args], cwd, env);
  const withUser = url.replace('://', `://${encodeURIComponent(username)}@`);
  await writeFile(join(place, '.gitconfig'), `[credential]\n\thelper = store --file=${store}\n[init]\n\tdefaultBranch = main\n`);
  if (secret !== '') await writeFile(store, `${url.replace('://', `://${encodeURIComponent(username)}:${encodeURIComponent(secret)}@`)}\n`, { mode: 0o600 });
  const address = `${username === '' ? url.replace('://', `://:${encodeURIComponent(secret)}@`) : withUser}/${repository}.git`;
  const { code, output } = operation === 'clone' ? await git(['clone', address, 'copy']) : await push(git, place, address, file);
  const lines = output.split('\n').map((line) => line.trimEnd());
  return {
    ok: code === 0, output,
    remote: lines.filter((line) => line.startsWith('remote: ')).map((line) => line.slice(8)),
    fatal: lines.findLast((line) => line.startsWith('fatal: ') || line.startsWith('error: '))?.replaceAll(withUser, 'SERVER').replaceAll(url, 'SERVER') ?? '',
    kept: (await readFile(store, 'utf8').catch(() => '')).includes(secret),
  };
}

async function push(git: (args: readonly string[], cwd?: string) => Promise<{ code: number; output: string }>, place: string, address: string, file: string) {
  const copy = join(place, 'work');
  await git(['init', '--quiet', copy]);
  const path = join(copy, file);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${place}\n`);
  await git(['add', '.'], copy);
  await git(['commit', '--quiet', '--message', 'Try'], copy);
  return git(['push', address, `HEAD:refs/heads/try-${place.slice(-6).toLowerCase()}`], copy);
}

function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, output: stdout + stderr }));
  });
}
