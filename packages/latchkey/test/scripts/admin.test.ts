/** The operator at the command line: every documented form, for real, on both engines. */
import { lstatSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_PASSWORD_INPUT_BYTES } from '../../src/cli/admin/people/users.ts';
import { ENGINES, readyDatabase } from '../engines/engines.ts';
import {
  dataOptions,
  type Ended,
  latchkey,
  latchkeyInside,
  MAIN,
  runProgram,
  serveUntilReady,
} from './latchkey-process.ts';

/** The faults of a person with a bad login, a bad address and a short password. */
const BAD_PERSON = [
  'a name has letters, digits and single hyphens, and neither begins nor ends with a hyphen',
  'that is not an e-mail address',
  'a password has at least 8 characters',
];

type Admin = (line: string, input?: string) => Promise<Ended>;

/** A separate data folder, and `latchkey admin …` on it: in this process, and as a separate process. */
async function freshAdmin(
  engine: (typeof ENGINES)[number],
): Promise<{ admin: Admin; adminProcess: Admin; options: string[] }> {
  const database = await readyDatabase(engine);
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const words = (line: string): string[] => ['admin', ...line.split(' '), ...options];
  return {
    options,
    admin: (line, input) => latchkeyInside(words(line), input),
    adminProcess: (line, input = '') => latchkey(words(line), { input }),
  };
}

async function done(ending: Promise<Ended>): Promise<Ended> {
  const ended = await ending;
  expect(ended.stderr).not.toContain('error:');
  expect(ended.code).toBe(0);
  return ended;
}

async function refused(ending: Promise<Ended>, ...errors: string[]): Promise<void> {
  const { code, stdout, stderr } = await ending;
  expect(stderr.split('\n').filter((line) => line.startsWith('error:'))).toEqual(
    errors.map((error) => `error: ${error}`),
  );
  expect(stderr).toContain('hint: nothing was changed');
  expect(stdout).toBe('');
  expect(code).toBe(1);
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-admin-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test.each([
  ['nobody else', [], 0o077],
  ['the group', ['--group-access'], 0o027],
])('what the commands and the server make is for %s, whatever the umask', async (_, flags, never) => {
  const data = await temporaryFolder();
  const options = ['--data', data, ...flags];
  const open = ['sh', '-c', 'umask 0; exec "$0" "$@"'];
  const admin = (line: string): Promise<Ended> =>
    runProgram('sh', [...open.slice(1), process.execPath, MAIN, 'admin', ...line.split(' '), ...options]);
  await done(admin('user add ada --email ada@example.org --verified'));
  await done(admin('repo add ada/site'));
  const serving = await serveUntilReady(options, /Stop it with Ctrl-C\./, open);
  await serving.stop('SIGTERM');
  const made = (await readdir(data, { recursive: true })).filter((path) => !path.includes('/hooks/'));
  expect(made).toContain('repositories/ada/site.git/HEAD');
  const wide = made.filter((path) => (lstatSync(join(data, path)).mode & never) !== 0);
  expect(wide).toEqual([]);
});

test('the operator decides requests, and takes away and gives back what tokens reach in an organization', async () => {
  const { admin } = await freshAdmin('sqlite');
  await done(admin('user add ada --email ada@example.org --verified'));
  await done(admin('user add grace --email grace@example.org --verified'));
  await done(admin('org add acme --owner ada'));
  await done(admin('org member add acme grace'));
  await done(admin('repo add acme/site'));
  const rules = JSON.parse((await done(admin('policy set acme --approval on --allow classic --forbid scoped'))).stdout);
  expect(rules).toMatchObject({ chosen: { requiresApproval: true, allowed: { classic: true, scoped: false } } });
  const everywhere = await done(admin('policy set --max-days fine-grained=90 classic=30 --two-factor-from 2030-01-01'));
  expect(JSON.parse(everywhere.stdout)).toMatchObject({
    chosen: { maxLifetimeDays: { 'fine-grained': 90, classic: 30 }, twoFactorFrom: 1_893_456_000 },
  });
  await refused(admin('policy set acme --exempt-administrators on'), 'only the instance exempts its administrators');
  expect((await admin('policy set acme')).stderr).toContain('error: say what changes');
  expect((await admin('policy set acme --allow classic --forbid classic')).stderr).toContain(
    'both allowed and forbidden',
  );

  for (const name of ['deploy', 'build'])
    await done(
      admin(`token add grace --name ${name} --owner acme --repo site --permission contents=read --expires-in 30`),
    );
  await done(admin('token add grace --name laptop --classic --scope repo --expires-in 30'));
  const waiting = JSON.parse((await done(admin('request list acme --json'))).stdout) as {
    id: number;
    asks: string;
  }[];
  expect(waiting).toHaveLength(2);
  expect(waiting[0]?.asks).toContain('Asks to');
  expect((await done(admin('request list acme'))).stdout).toContain('build');
  const [second, first] = waiting.map(({ id }) => id);
  expect(JSON.parse((await done(admin(`request show acme ${first}`))).stdout)).toMatchObject({
    id: first,
    owner: 'grace',
  });
  await done(admin(`request approve acme ${first}`));
  await done(admin(`request deny acme ${second} --reason unclear`));
  expect((await admin(`request approve acme ${second}`)).code).toBe(1);
  expect((await done(admin('request list acme'))).stderr).toBe('nothing waits for the owners of acme\n');

  const tokens = async (): Promise<string[]> =>
    (
      JSON.parse((await done(admin('member-token list acme --json'))).stdout) as { name: string; shut_out: boolean }[]
    ).map(({ name, shut_out: isOut }) => `${name}${isOut ? ' (out)' : ''}`);
  expect(await tokens()).toEqual(['deploy', 'laptop']);
  expect((await admin('member-token revoke acme 1 3')).stderr).toContain('are revoked in two calls');
  expect((await done(admin('member-token revoke acme 1 --reason lost'))).stderr).toBe('1 no longer reaches acme\n');
  await done(admin('member-token revoke acme 3'));
  expect(await tokens()).toEqual(['laptop (out)']);
  await done(admin('member-token restore acme 3'));
  expect(await tokens()).toEqual(['laptop']);
  expect((await admin('member-token revoke acme 1')).code).toBe(1);
});

describe.each(ENGINES)('latchkey admin [%s]', (engine) => {
  test('adds people, organizations and repositories, and refuses what is taken or unknown', async () => {
    const { admin } = await freshAdmin(engine);
    expect(
      (await done(admin('user add ada --email ada@example.org --verified --admin --password-stdin', 'correct horse\n')))
        .stderr,
    ).toBe('added the user ada\n');
    expect((await done(admin('user add grace --email grace@example.org'))).stderr).toBe(
      'added the user grace, without a password\n',
    );
    await refused(admin('user add ADA --email other@example.org'), 'the name ADA is taken');
    await refused(admin('user add no_underscores --email nonsense --password-stdin', 'short\n'), ...BAD_PERSON);
    await done(admin('org add acme --owner ada'));
    await refused(admin('org add acme --owner ada'), 'the name acme is taken');
    await refused(admin('org add other --owner nobody'), 'there is no user nobody');
    expect((await done(admin('org member add acme grace'))).stderr).toBe('grace is a member of acme now\n');
    expect((await done(admin('org member add acme grace --role owner'))).stderr).toBe(
      'grace is an owner of acme now\n',
    );
    const closed = await done(admin('policy set acme --address 10.0.0.0/8'));
    expect(JSON.parse(closed.stdout)).toMatchObject({ chosen: { allowedAddresses: ['10.0.0.0/8'] } });
    const opened = await done(admin('policy set acme --any-address --allow classic --any-lifetime --sso off'));
    expect(JSON.parse(opened.stdout)).toMatchObject({
      chosen: { allowedAddresses: null, allowed: { classic: true } },
    });
    await done(admin('org member remove acme grace'));
    await refused(admin('org member remove acme ada'), 'acme needs an owner: make somebody else one first');
    expect((await done(admin('repo add acme/site --public'))).stderr).toBe('added the public repository acme/site\n');
    expect((await done(admin('repo add acme/ledger'))).stderr).toBe('added the private repository acme/ledger\n');
    await refused(admin('repo add acme/SITE --public'), 'acme has a repository site already');
    await refused(admin('repo add nobody/site'), 'there is no user or organization nobody');
    await done(admin('repo collaborator add acme/ledger grace --role write'));
    await done(admin('repo collaborator remove acme/ledger grace'));
    await done(admin('org member add acme grace'));
    await done(admin('repo collaborator add acme/ledger grace --role write'));
    const kept = await done(admin('org member remove acme grace --keep-roles'));
    expect(kept.stderr).toContain('grace and their tokens still reach 1 repository of it\n');
    await done(admin('org member add acme grace'));
    expect((await done(admin('org member remove acme grace'))).stderr).toContain('removed their roles in 1 repository');
    await refused(admin('repo collaborator remove acme/ledger grace'), 'grace is not a collaborator of acme/ledger');
    const guarded = await done(admin('repo protection add acme/site main --update maintain'));
    expect(guarded.stderr).toBe(
      'main is protected in acme/site. Only maintainers and administrators may push to it; nobody may force-push to ' +
        'it; nobody may delete it.\n',
    );
    await refused(admin('repo protection add acme/site a..b'), 'the pattern "a..b" is not a well formed name of a ref');
    expect(JSON.parse((await done(admin('repo protection list acme/site --json'))).stdout)).toMatchObject([
      { pattern: 'refs/heads/main', update: 'maintain', force: 'nobody' },
    ]);
    await done(admin('repo protection remove acme/site main'));
    await refused(admin('repo protection remove acme/site main'), 'no protection here has the pattern main');
    expect((await done(admin('repo protection list acme/site'))).stderr).toBe(
      'acme/site protects no branch and no tag\n',
    );
    await done(admin('repo archive acme/ledger'));
    await refused(admin('repo archive acme/none'), 'there is no repository acme/none');
  });

  test('prints a new token alone, lists it without its secret, and revokes it', async () => {
    const { admin } = await freshAdmin(engine);
    await done(admin('user add ada --email ada@example.org --verified'));
    await done(admin('repo add ada/notes'));
    const fineGrained = await done(
      admin('token add ada --name deploy --owner ada --repo notes --permission contents=write --expires-in 90'),
    );
    expect(fineGrained.stdout).toMatch(/^lkf_[A-Za-z0-9]{36}\n$/);
    expect(fineGrained.stderr).toMatch(
      /^made the fine-grained token 1 \(deploy\) for ada, until \d+ \w{3} \d{4}, \d\d:\d\d UTC\n$/,
    );
    expect(
      (await done(admin('token add ada --name laptop --classic --scope repo --scope workflow --expires-in none')))
        .stdout,
    ).toMatch(/^lkc_[A-Za-z0-9]{36}\n$/);
    expect((await done(admin('token add ada --name mirror --scoped --scope read_repository'))).stdout).toMatch(
      /^lks_[A-Za-z0-9]{36}\n$/,
    );

    const listed = await done(admin('token list ada --json'));
    expect(listed.stdout).not.toContain(fineGrained.stdout.trim());
    const tokens = JSON.parse(listed.stdout) as Record<string, unknown>[];
    expect(tokens.map(({ name, kind, state }) => [name, kind, state])).toEqual([
      ['mirror', 'scoped', 'active'],
      ['laptop', 'classic', 'active'],
      ['deploy', 'fine-grained', 'active'],
    ]);
    expect(tokens[1]).toMatchObject({
      id: 2,
      scopes: ['repo', 'workflow'],
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
    });
    expect(tokens[2]).toMatchObject({ last_eight: fineGrained.stdout.trim().slice(-8) });
    const [heading, , sentence] = (await done(admin('token list ada'))).stdout.split('\n');
    expect(heading).toMatch(/^ID +KIND +NAME +LAST EIGHT +STATE +EXPIRES AT +LAST USED AT$/);
    expect(sentence).toBe(`    ${String(tokens[0]?.['summary'])}`);
    expect(sentence).toMatch(/^ {4}Can clone and fetch, .* today/);

    expect((await done(admin('token revoke 1'))).stderr).toBe('revoked the token 1\n');
    await done(admin('token revoke 1'));
    await refused(admin('token revoke 99'), 'there is no token 99');
    expect((JSON.parse((await done(admin('token list ada --json'))).stdout) as unknown[])[2]).toMatchObject({
      state: 'revoked',
      revoked_by: 'operator',
    });
  });

  test('tells everything that is wrong with a token at once, and makes none', async () => {
    const { admin } = await freshAdmin(engine);
    await done(admin('user add ada --email ada@example.org --verified'));
    await refused(
      admin(
        `token add ada --name ${'n'.repeat(41)} --all-repos --permission contents=admin --permission ` +
          `nonsense=read --expires-in 367`,
      ),
      "a token's name has at most 40 characters",
      'contents (contents) takes read or write, not admin',
      'there is no permission named nonsense',
      'an expiration is a whole number of days from 1 to 366, or none',
    );
    await refused(
      admin('token add ada --name x --owner nobody --all-repos'),
      'cannot find the specified resource owner: nobody',
    );
    await refused(admin('token add ada --name x --classic --scope nonsense'), 'unknown scope: nonsense');
    await refused(admin('token add nobody --name x --classic'), 'there is no user nobody');
    await done(admin('user add mori --email mori@example.org'));
    await refused(
      admin('token add mori --name x --classic'),
      'verify your e-mail address first: tokens can be created only after that',
    );
    expect(JSON.parse((await done(admin('token list ada --json'))).stdout)).toEqual([]);
    const none = await done(admin('token list ada'));
    expect([none.stdout, none.stderr]).toEqual(['', 'ada has no tokens\n']);
  });

  test('works while the server runs: each change counts on the next request', async () => {
    const { admin, adminProcess, options } = await freshAdmin(engine);
    const { url } = await serveUntilReady(options);
    await done(admin('user add ada --email ada@example.org --verified'));
    await done(admin('repo add ada/notes'));
    const token = (await done(admin('token add ada --name laptop --classic --scope repo'))).stdout.trim();
    const lsRemote = (): Promise<Ended> =>
      runProgram('git', ['ls-remote', `${url.replace('://', `://ada:${token}@`)}/ada/notes.git`]);
    expect((await lsRemote()).stderr).toBe('');
    await done(adminProcess('user suspend ada'));
    expect((await lsRemote()).code).toBe(128);
    await done(admin('user restore ada'));
    expect((await lsRemote()).code).toBe(0);
    await done(admin('token revoke 1'));
    const dead = await lsRemote();
    expect(dead.code).toBe(128);
    expect(dead.stderr).toContain('revoked');
    expect(dead.stderr).not.toContain(token);
  });

  test('imports a repository with its history, and adopts those that lie there', async () => {
    const { admin, options } = await freshAdmin(engine);
    const folder = await temporaryFolder();
    const git = async (...args: string[]): Promise<Ended> => done(runProgram('git', args, { cwd: folder }));
    await git('init', '--quiet', '--initial-branch=main', 'work');
    await git(
      '-C',
      'work',
      '-c',
      'user.name=Ada',
      '-c',
      'user.email=ada@example.org',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'First',
    );
    await done(admin('user add ada --email ada@example.org --verified'));
    expect((await done(admin(`repo import ada/work ${folder}/work --internal`))).stderr).toBe(
      `imported ${folder}/work as the internal repository ada/work\n`,
    );
    await refused(admin(`repo import ada/none ${folder}/none`), `there is no Git repository at ${folder}/none`);
    const repositories = join(options[1]!, 'repositories');
    const head = (await git('--git-dir', join(repositories, 'ada/work.git'), 'log', '--format=%s', 'main')).stdout;
    expect(head).toBe('First\n');
    await git('init', '--quiet', '--bare', join(repositories, 'ada/found.git'));
    await git('init', '--quiet', '--bare', join(repositories, 'ada/c++.git'));
    const leftOut = `left out: ada/c++.git. A repository's name has letters, digits, hyphens, underscores and dots.`;
    const dry = await done(admin('repo adopt --dry-run'));
    expect(dry.stdout).toBe('ada/found\n');
    expect(dry.stderr).toContain(leftOut);
    expect(dry.stderr).toContain('would adopt 1, left out 1, known before 1');
    expect((await done(admin('repo adopt'))).stdout).toBe('ada/found\n');
    const again = await done(admin('repo adopt --json --map ada/c++.git=ada/cpp'));
    expect(JSON.parse(again.stdout)).toMatchObject({ adopted: [{ full_name: 'ada/cpp' }], left_out: [], known: 2 });
    expect((await done(admin('repo list'))).stdout).toBe('ada/cpp\nada/found\nada/work\n');
  });
});

test('a password on standard input is bounded, and may be anything within the bound', async () => {
  const { adminProcess: admin } = await freshAdmin('sqlite');
  const add = 'user add ada --email ada@example.org --password-stdin';
  const longer = await admin(add, 'x'.repeat(MAX_PASSWORD_INPUT_BYTES + 1));
  expect([longer.code, longer.stderr]).toEqual([
    2,
    `error: standard input holds more than ${MAX_PASSWORD_INPUT_BYTES} bytes\nhint: see latchkey admin user add ` +
      `--help\n`,
  ]);
  await refused(admin(add, 'x'.repeat(MAX_PASSWORD_INPUT_BYTES)), 'a password has at most 256 characters');
  await done(admin(add, ' pass phrase with spaces \r\n'));
});
