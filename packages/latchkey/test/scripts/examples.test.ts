/**
 * The examples, each run as far as a machine can: those for jobs by their own lines, with a shell, real git and a real
 * server.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { causesWorld, type World } from '../causes/world.ts';
import { MAIN, runProgram } from './latchkey-process.ts';

const TESTS = join(import.meta.dirname, '..');
const EXAMPLES = join(import.meta.dirname, '../../../../examples');
const CI = join(EXAMPLES, 'ci');

/** A server with a repository that has a commit, an empty folder to work in, and a token that may read. */
async function job(): Promise<{ world: World; folder: string; env: Record<string, string> }> {
  const world = await causesWorld();
  const writer = await world.token({ name: 'writer' });
  expect(
    await world.git({ username: 'bob', secret: writer.secret, repository: 'acme/site', operation: 'push' }),
  ).toMatchObject({ ok: true });
  const grants = [
    { permissions: { contents: 'read' } },
    { owner: 'bob', permissions: { personal_access_tokens: 'write' } },
  ];
  const { secret } = await world.token({ name: 'job', grants });
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-example-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { world, folder, env: { HOME: folder, LATCHKEY_URL: world.url, LATCHKEY_TOKEN: secret } };
}

/** How an example is tried here. */
type Trial =
  /** Its own lines, which a shell runs. */
  | { readonly lines: (text: string) => string; readonly shell?: 'bash'; readonly isFreshEachTime?: true }
  /** Its jobs, as cron runs them. */
  | { readonly jobs: true }
  /** Called by the others. */
  | { readonly partOf: string }
  /** For a server: run by that test. */
  | { readonly runBy: string }
  /** Another product's: `npm run clients -- NAME` runs it. */
  | { readonly clients: string };

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run: string }[] }>>;
}

/** Every example. A new one fails until it has its line. */
const TRIALS: Readonly<Record<string, Trial>> = {
  'ci/askpass.sh': {
    lines: () =>
      `export GIT_ASKPASS='${join(CI, 'askpass.sh')}'\n` +
      'git -c credential.helper= ls-remote --exit-code "$LATCHKEY_URL/acme/site.git"',
  },
  'ci/github-actions.yml': {
    lines: (text) =>
      Object.values((parse(text) as Workflow).jobs)
        .flatMap(({ steps }) => steps.map(({ run }) => run))
        .join('\n'),
    shell: 'bash',
  },
  'ci/gitlab-ci.yml': {
    lines: (text) => (parse(text) as { build: { script: readonly string[] } }).build.script.join('\n'),
  },
  // Each build has a file system of its own.
  'ci/Dockerfile': {
    lines: (text) => /^RUN --mount=\S+ \\\n([\s\S]*)$/m.exec(text)?.[1] ?? 'no RUN line',
    isFreshEachTime: true,
  },
  'ci/crontab': { jobs: true },
  'ci/backup.sh': { partOf: 'ci/crontab' },
  'ci/rotate.sh': { partOf: 'ci/crontab' },
  'ci/README.md': { runBy: 'scripts/examples.test.ts' },
  'caddy/Caddyfile': { runBy: 'scripts/example-proxies.ts' },
  'envoy/envoy.yaml': { runBy: 'scripts/example-proxies.ts' },
  'traefik/dynamic.yaml': { runBy: 'scripts/example-proxies.ts' },
  'nginx/api.conf': { runBy: 'scripts/example-proxies.ts' },
  'nginx/git.conf': { runBy: 'scripts/example-proxies.ts' },
  'nginx/latchkey.conf': { runBy: 'scripts/example-proxies.ts' },
  'nginx/browser.conf': { runBy: 'scripts/example-proxies.ts' },
  'nginx/webdav.conf': { runBy: 'scripts/webdav.test.ts' },
  'route-map/browser.yaml': { runBy: 'scripts/proxies.test.ts' },
  'route-map/calls.yaml': { runBy: 'scripts/proxies.test.ts' },
  'route-map/cgit.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/gitea.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/gitlab.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/gitweb.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/grafana.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/npm.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/prometheus.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/pypi.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/registry.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/route-map.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/static-site.yaml': { runBy: 'catalogue/route-map-file.test.ts' },
  'route-map/webdav.yaml': { runBy: 'scripts/webdav.test.ts' },
  'mcp/route-map.yaml': { runBy: 'doors/forward/mcp-example.test.ts' },
  'mcp/traefik.yaml': { partOf: 'mcp/route-map.yaml' },
  'mcp/README.md': { partOf: 'mcp/route-map.yaml' },
  'grafana/latchkey.json': { runBy: 'house/dashboard.test.ts' },
  'prometheus/alerts.yml': { runBy: 'house/dashboard.test.ts' },
  'prometheus/alerts-test.yml': { runBy: 'house/dashboard.test.ts' },
  'grafana/README.md': { partOf: 'grafana/latchkey.json' },
  'fail2ban/latchkey.conf': { runBy: 'scripts/metrics.test.ts' },
  'fail2ban/jail.conf': { partOf: 'fail2ban/latchkey.conf' },
  'federation/exchange.sh': { runBy: 'scripts/federation-examples.test.ts' },
  'federation/github/action.yml': { runBy: 'scripts/federation-examples.test.ts' },
  'federation/gitlab/latchkey.yml': { runBy: 'scripts/federation-examples.test.ts' },
  'federation/kubernetes.yaml': { runBy: 'scripts/federation-examples.test.ts' },
  'federation/README.md': { partOf: 'federation/exchange.sh' },
  'crowdsec/latchkey.yaml': { clients: 'crowdsec' },
  'crowdsec/latchkey-bf.yaml': { partOf: 'crowdsec/latchkey.yaml' },
};

test('every example is in the table, and what a shell runs can be read by it', async () => {
  const entries = await readdir(EXAMPLES, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.map((path) => path.slice(EXAMPLES.length + 1)).toSorted()).toEqual(Object.keys(TRIALS).toSorted());
  const clients = await readFile(join(EXAMPLES, '../clients/main.ts'), 'utf8');
  for (const [path, trial] of Object.entries(TRIALS)) {
    const name = basename(path);
    if ('runBy' in trial) expect(await readFile(join(TESTS, trial.runBy), 'utf8'), path).toContain(name);
    if ('partOf' in trial) expect(TRIALS[trial.partOf], path).toBeDefined();
    if ('clients' in trial) expect(clients, path).toContain(`what === '${trial.clients}'`);
    if (!name.endsWith('.sh')) continue;
    expect(await runProgram('sh', ['-n', join(EXAMPLES, path)]), path).toMatchObject({ code: 0, stderr: '' });
    expect((await stat(join(EXAMPLES, path))).mode & 0o111, path).toBe(0o111);
  }
  const readme = await readFile(join(CI, 'README.md'), 'utf8');
  for (const path of Object.keys(TRIALS).filter((each) => each.startsWith('ci/') && !each.endsWith('.md')))
    expect(readme).toContain(`\`${basename(path)}\``);
});

/** All that a job of cron has: no home with settings, no agent, no terminal. */
const CRON = ['-i', 'PATH=/usr/local/bin:/usr/bin:/bin', 'SHELL=/bin/sh', 'LOGNAME=ci', 'HOME=/nonexistent'];

test.each(Object.entries(TRIALS).filter(([, trial]) => 'lines' in trial))(
  'runs as it stands with no more than cron gives, twice, from any folder: %s',
  async (path, trial) => {
    if (!('lines' in trial)) return;
    const { folder, env } = await job();
    const lines = trial.lines(await readFile(join(EXAMPLES, path), 'utf8'));
    for (const name of ['one', 'a folder with spaces', 'ümläut'])
      for (const turn of ['first', 'second']) {
        const cwd = join(folder, trial.isFreshEachTime === true ? `${name} ${turn}` : name);
        await mkdir(cwd, { recursive: true });
        const given = [`LATCHKEY_URL=${env['LATCHKEY_URL']}`, `LATCHKEY_TOKEN=${env['LATCHKEY_TOKEN']}`];
        const ended = await runProgram('env', [...CRON, ...given, trial.shell ?? 'sh', '-e', '-c', lines], { cwd });
        expect(ended, `${name}, ${turn}`).toMatchObject({ code: 0, stderr: '' });
        expect(ended.stdout).not.toContain(env['LATCHKEY_TOKEN']);
        if (path !== 'ci/askpass.sh') expect(await readdir(join(cwd, 'site'))).toContain('.git');
      }
    expect((await runProgram('grep', ['-rlF', '--', env['LATCHKEY_TOKEN']!, folder])).stdout, 'the token').toBe('');
  },
);

/** The lines of the crontab, for places of this test: the variables, and each job's command. */
async function crontab(places: Readonly<Record<string, string>>): Promise<{ given: string[]; commands: string[] }> {
  const text = Object.entries(places).reduce(
    (all, [from, to]) => all.replaceAll(from, to),
    await readFile(join(CI, 'crontab'), 'utf8'),
  );
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const isVariable = (line: string): boolean => /^[A-Z_]+=/.test(line);
  return {
    given: lines.filter(isVariable),
    commands: lines.filter((line) => !isVariable(line)).map((line) => line.replace(/^(?:\S+\s+){5}/, '')),
  };
}

test('a nightly mirror is made by cron, kept up to date, and its token renewed without a gap', async () => {
  const { world, folder, env } = await job();
  const secret = env['LATCHKEY_TOKEN']!;
  const [tokenFile, bin, jobs] = [join(folder, 'token'), join(folder, 'bin'), join(folder, 'jobs')];
  await writeFile(tokenFile, `${secret}\n`, { mode: 0o600 });
  await cp(CI, jobs, { recursive: true });
  await mkdir(bin);
  await writeFile(join(bin, 'latchkey'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const { given, commands } = await crontab({
    '/usr/local/bin': `${bin}:/usr/local/bin`,
    'https://git.example.org': world.url,
    '/etc/latchkey-backup.token': tokenFile,
    '/opt/backup': jobs,
    '/var/backups/git': join(folder, 'mirrors'),
  });
  expect(commands).toHaveLength(2);
  for (const cwd of ['/', '/', folder, jobs])
    for (const command of commands)
      expect(await runProgram('env', [...CRON, ...given, '/bin/sh', '-c', command], { cwd }), command).toMatchObject({
        code: 0,
        stdout: '',
        stderr: command.includes('rotate') ? expect.stringMatching(/^token 2 "job", until /) : '',
      });
  expect(await readdir(join(folder, 'mirrors/acme/site.git'))).toContain('HEAD');
  expect((await readFile(tokenFile, 'utf8')).trim()).not.toBe(secret);
  expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).toSorted(), 'nothing is left behind').toEqual(['bin', 'jobs', 'mirrors', 'token']);
  expect(await world.git({ username: 'ci', secret, repository: 'acme/site', operation: 'clone' })).toMatchObject({
    ok: false,
    remote: expect.arrayContaining(['The token "job" was rotated, and this is its old value.']),
  });
});

test('a token whose new secret has no room on the disk is not rotated', async () => {
  const { world, folder, env } = await job();
  await writeFile(join(folder, 'token'), env['LATCHKEY_TOKEN']!);
  const given = [`LATCHKEY_URL=${world.url}`, `LATCHKEY_TOKEN_FILE=${join(folder, 'token')}`];
  const latchkey = `latchkey() { '${process.execPath}' '${MAIN}' "$@"; }`;
  const lines = await readFile(join(CI, 'rotate.sh'), 'utf8');
  // No file may grow, as on a disk that is full.
  const ended = await runProgram('env', [...CRON, ...given, 'sh', '-c', `${latchkey}\nulimit -f 0\n${lines}`]);
  expect(ended.code).not.toBe(0);
  expect(await readFile(join(folder, 'token'), 'utf8')).toBe(env['LATCHKEY_TOKEN']);
  const secrets = await world.server.context.store.db
    .selectFrom('token_secrets')
    .select('state')
    .where('token_id', '=', 2)
    .execute();
  expect(secrets).toEqual([{ state: 'current' }]);
});
