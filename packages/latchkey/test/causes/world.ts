/**
 * The world of the causes: a server with people and repositories, a real git with its own home folder that keeps
 * credentials in git's own `store` helper, and somebody who follows what the server offers.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { addOrganization, setMember } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository, setCollaborator } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../src/app.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { run as runCommand } from '../../src/cli/program.ts';
import type { TokenDraft } from '../../src/rules/draft.ts';
import type { GrantDraft } from '../../src/rules/grant-draft.ts';
import { NO_POLICY, type StoredPolicy } from '../../src/rules/policy.ts';
import { accountByLogin } from '../../src/store/accounts.ts';
import { setPolicy } from '../../src/store/policies.ts';
import { addKnownPerson, PASSWORD } from '../actions/known-password.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { readyFolder } from '../engines/engines.ts';

export { PASSWORD };

export interface Made {
  readonly id: number;
  readonly secret: string;
}

/** An attempt: a credential (null = none), on a repository. */
export interface Try {
  readonly username: string;
  readonly secret: string;
  readonly repository: string;
  readonly operation: 'clone' | 'push';
  /** The branch to push to, instead of a new one each time. */
  readonly branch?: string;
  /** A file to push, instead of `notes.txt`. */
  readonly file?: string;
  /** Its content. */
  readonly content?: string;
  /** When the commit says that it was made: the same content is the same commit then. */
  readonly at?: string;
}

interface GitOutcome {
  readonly ok: boolean;
  /** The server's output, by line. */
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
  /** A fine-grained token of Bob's for all of Acme's repositories, unless changed. */
  token(given?: Partial<Omit<TokenDraft, 'grants'>> & { grants?: readonly Partial<GrantDraft>[] }): Promise<Made>;
  policy(owner: string, given: Partial<StoredPolicy>): Promise<void>;
  git(attempt: Try): Promise<GitOutcome>;
  /** The same over REST: a read for a clone, an empty write for a push. */
  rest(attempt: Try): Promise<{ status: number; body: Record<string, unknown>; text: string }>;
  /** A home folder whose git keeps the credential, for repeated use. */
  machine(attempt: Try): Promise<Machine>;
  /** What `latchkey doctor` finds on a machine whose git has the credential. */
  doctor(attempt: Try): Promise<{
    code: number;
    text: string;
    checks: readonly { name: string; state: string; found: string; command?: string }[];
  }>;
}

/** A person's home folder. */
export interface Machine {
  readonly place: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The repository's address, with the username. */
  readonly address: string;
  git(args: readonly string[], cwd?: string): Promise<{ code: number; output: string }>;
}

/** Ada owns Acme; Bob is a member who may push to acme/site; Cy belongs to nothing; Root administers the instance. */
export async function causesWorld(flags: Readonly<Record<string, string>> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-causes-'));
  const server = await startServer(
    loadSettings({
      flags: { data: await readyFolder(join(folder, 'data')), port: '0', logLevel: 'silent', ...flags },
      env: {},
    }),
  );
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
  for (const login of ['ada', 'bob', 'cy', 'root']) {
    await addKnownPerson(context, {
      login,
      email: `${login}@example.org`,
      verified: true,
      admin: login === 'root',
    });
  }
  await addOrganization(context, permit, { name: 'acme', owner: 'ada' });
  await setMember(context, permit, { organization: 'acme', login: 'bob', role: 'member' });
  await world.policy('acme', { requiresApproval: false });
  for (const [owner, name, visibility] of [
    ['acme', 'site', 'private'],
    ['acme', 'docs', 'public'],
    ['acme', 'ledger', 'private'],
    ['bob', 'diary', 'private'],
  ] as const) {
    await addRepository(context, permit, { owner, name, visibility });
  }
  await setCollaborator(context, permit, { owner: 'acme', name: 'site', login: 'bob', role: 'write' });
  await setCollaborator(context, permit, { owner: 'acme', name: 'docs', login: 'bob', role: 'write' });
}

function worldOf(server: RunningServer, folder: string): World {
  const url = server.context.settings.publicUrl;
  const { context } = server;
  return {
    server,
    url,
    token: async (given = {}) => {
      const kind = given.kind ?? 'fine-grained';
      const grants =
        kind !== 'fine-grained'
          ? []
          : (given.grants ?? [{}]).map(
              (grant): GrantDraft => ({
                owner: 'acme',
                selection: 'all',
                repositories: [],
                permissions: { contents: 'write' },
                justification: null,
                ...grant,
              }),
            );
      const { secret, token } = await createToken(context, operatorPermit(), {
        userLogin: 'bob',
        name: 'laptop',
        description: '',
        scopes: [],
        expiresInDays: 30,
        ...given,
        kind,
        grants,
      });
      return { id: token.id, secret: secret.reveal() };
    },
    policy: async (owner, given) => {
      const account = await accountByLogin(context.store.db, owner);
      await context.store.transaction((tx) =>
        setPolicy(tx, account!.id, { ...NO_POLICY, requiresApproval: false, ...given }, context.clock.now()),
      );
    },
    git: (attempt) => tryWithGit(url, folder, attempt),
    rest: (attempt) => tryWithRest(url, attempt),
    machine: async (attempt) => {
      const { place, env, address } = await machine(url, folder, attempt);
      return { place, env, address, git: (args, cwd = place) => run('git', args, cwd, env) };
    },
    doctor: (attempt) => tryDoctor(url, folder, attempt),
  };
}

async function tryWithRest(url: string, { username, secret, repository, operation }: Try) {
  const authorization = `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
  const [method, path] = operation === 'clone' ? ['GET', 'branches'] : ['POST', 'git/refs'];
  const answer = await fetch(`${url}/api/v3/repos/${repository}/${path}`, { method, headers: { authorization } });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text) as Record<string, unknown>, text };
}

async function tryDoctor(url: string, folder: string, { username, secret, repository }: Try) {
  const { env, address } = await machine(url, folder, { username, secret, repository });
  const terminal = recordingTerminal(env);
  const code = await runCommand(['doctor', address, '--json'], terminal);
  const text = [...terminal.printed, ...terminal.said].join('\n');
  return {
    code,
    text,
    ...(JSON.parse(terminal.printed.join('\n')) as { checks: Awaited<ReturnType<World['doctor']>>['checks'] }),
  };
}

/**
 * A home folder whose git keeps the credential in its own store. Without a username, the address itself contains it.
 */
async function machine(
  url: string,
  folder: string,
  { username, secret, repository }: Pick<Try, 'username' | 'secret' | 'repository'>,
) {
  const place = await mkdtemp(join(folder, 'try-'));
  const store = join(place, 'credentials');
  const env = {
    PATH: process.env['PATH'],
    HOME: place,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    LC_ALL: 'C',
    GIT_AUTHOR_NAME: 'Bob',
    GIT_AUTHOR_EMAIL: 'bob@example.org',
    GIT_COMMITTER_NAME: 'Bob',
    GIT_COMMITTER_EMAIL: 'bob@example.org',
  };
  const withUser = url.replace('://', `://${encodeURIComponent(username)}@`);
  await writeFile(
    join(place, '.gitconfig'),
    `[credential]\n\thelper = store --file=${store}\n[init]\n\tdefaultBranch = main\n`,
  );
  await writeFile(
    store,
    `${url.replace('://', `://${encodeURIComponent(username)}:${encodeURIComponent(secret)}@`)}\n`,
    { mode: 0o600 },
  );
  const origin = username === '' ? url.replace('://', `://:${encodeURIComponent(secret)}@`) : withUser;
  const address = `${origin}/${repository}.git`;
  return { place, store, env, withUser, address };
}

async function tryWithGit(
  url: string,
  folder: string,
  { username, secret, repository, operation, branch, file = 'notes.txt', content = '', at }: Try,
): Promise<GitOutcome> {
  const { place, store, env: usual, withUser, address } = await machine(url, folder, { username, secret, repository });
  const env = at === undefined ? usual : { ...usual, GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at };
  const git = (args: readonly string[], cwd = place): Promise<{ code: number; output: string }> =>
    run('git', ['-c', 'core.quotePath=false', ...args], cwd, env);
  const { code, output } =
    operation === 'clone'
      ? await git(['clone', address, 'copy'])
      : await push(git, place, address, {
          file,
          content: content || place,
          branch: branch ?? `try-${place.slice(-6).toLowerCase()}`,
        });
  const lines = output.split('\n').map((line) => line.trimEnd());
  return {
    ok: code === 0,
    output,
    remote: lines.filter((line) => line.startsWith('remote: ')).map((line) => line.slice(8)),
    fatal:
      lines
        .findLast((line) => line.startsWith('fatal: ') || line.startsWith('error: '))
        ?.replaceAll(withUser, 'SERVER')
        .replaceAll(url, 'SERVER') ?? '',
    kept: (await readFile(store, 'utf8').catch(() => '')).includes(encodeURIComponent(secret)),
  };
}

async function push(
  git: (args: readonly string[], cwd?: string) => Promise<{ code: number; output: string }>,
  place: string,
  address: string,
  { file, content, branch }: { file: string; content: string; branch: string },
) {
  const copy = join(place, 'work');
  await git(['init', '--quiet', copy]);
  const path = join(copy, file);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${content}\n`);
  await git(['add', '.'], copy);
  await git(['commit', '--quiet', '--message', 'Try'], copy);
  return git(['push', address, `HEAD:refs/heads/${branch}`], copy);
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, output: stdout + stderr }),
    );
  });
}
