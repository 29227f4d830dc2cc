/** The examples for jobs, run as far as a machine can: their own lines, with a shell, real git and a real server. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { causesWorld, type World } from '../causes/world.ts';
import { runProgram } from './latchkey-process.ts';

const EXAMPLES = join(import.meta.dirname, '../../../../examples/ci');
const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const read = (name: string): Promise<string> => readFile(join(EXAMPLES, name), 'utf8');

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

/** Runs lines of an example in a shell; the token must not appear in the output, nor on the disk. */
async function shell(lines: string, folder: string, env: Record<string, string>, program = 'sh') {
  const ended = await runProgram(program, ['-e', '-c', lines], { cwd: folder, env });
  expect(ended.stdout + ended.stderr).not.toContain(env['LATCHKEY_TOKEN']);
  const found = await runProgram('grep', ['-rlF', '--', env['LATCHKEY_TOKEN']!, folder]);
  expect(found.stdout).toBe('');
  return ended;
}

test('every script is one that a shell can read, and every file is in the list', async () => {
  for (const name of (await readdir(EXAMPLES)).filter((each) => each.endsWith('.sh'))) {
    expect(await runProgram('sh', ['-n', join(EXAMPLES, name)]), name).toMatchObject({ code: 0, stderr: '' });
    expect((await stat(join(EXAMPLES, name))).mode & 0o111, name).toBe(0o111);
  }
  const readme = await read('README.md');
  for (const name of (await readdir(EXAMPLES)).filter((each) => each !== 'README.md'))
    expect(readme).toContain(`\`${name}\``);
});

test('GitHub Actions clones with its secret', async () => {
  const { folder, env } = await job();
  const workflow = parse(await read('github-actions.yml')) as { jobs: { build: { steps: { run: string }[] } } };
  expect(await shell(workflow.jobs.build.steps[0]!.run, folder, env, 'bash')).toMatchObject({ code: 0 });
  expect((await readdir(join(folder, 'site'))).toSorted()).toContain('.git');
});

test('GitLab CI clones with its variable', async () => {
  const { folder, env } = await job();
  const { build } = parse(await read('gitlab-ci.yml')) as { build: { script: string[] } };
  expect(await shell(build.script.join('\n'), folder, env)).toMatchObject({ code: 0 });
  expect(await readdir(join(folder, 'site'))).toContain('.git');
});

test('a Docker build clones with its secret, which is in no layer', async () => {
  const { folder, env } = await job();
  const run = /^RUN --mount=\S+ \\\n([\s\S]*)$/m.exec(await read('Dockerfile'))![1]!;
  expect(await shell(run, folder, env)).toMatchObject({ code: 0 });
  expect(await readdir(join(folder, 'site'))).toContain('.git');
});

test('the mirror is made and kept up to date under the environment of cron, from any folder', async () => {
  const { folder, env } = await job();
  await writeFile(join(folder, 'token'), env['LATCHKEY_TOKEN']!, { mode: 0o600 });
  await cp(EXAMPLES, join(folder, 'jobs'), { recursive: true });
  const given = ['PATH=/usr/local/bin:/usr/bin:/bin', `LATCHKEY_URL=${env['LATCHKEY_URL']}`];
  const cron = ['-i', ...given, `LATCHKEY_TOKEN_FILE=${join(folder, 'token')}`, 'sh'];
  const runs = [
    [folder, 'jobs/backup.sh', 'mirrors'],
    [join(folder, 'jobs'), './backup.sh', '../mirrors'],
    ['/', join(folder, 'jobs/backup.sh'), join(folder, 'mirrors')],
  ] as const;
  for (const [cwd, script, to] of runs)
    expect(await runProgram('env', [...cron, script, 'acme/site', to], { cwd }), script).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  expect(await readdir(join(folder, 'mirrors/acme/site.git'))).toContain('HEAD');
});

test('a nightly mirror is made, kept up to date, and its token renewed without a gap', async () => {
  const {
    world,
    folder,
    env: { LATCHKEY_TOKEN: secret, ...env },
  } = await job();
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${secret}\n`, { mode: 0o600 });
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'latchkey'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const jobEnv = { ...env, LATCHKEY_TOKEN_FILE: tokenFile, PATH: `${bin}:${process.env['PATH']}` };
  const backup = () => runProgram(join(EXAMPLES, 'backup.sh'), ['acme/site', folder], { env: jobEnv });
  expect(await backup()).toMatchObject({ code: 0, stderr: '' });
  // The renewal has no more than cron gives it, runs from elsewhere, and again right after.
  const cron = ['-i', `PATH=${bin}:/usr/local/bin:/usr/bin:/bin`, `LATCHKEY_URL=${env['LATCHKEY_URL']}`];
  const rotate = [...cron, `LATCHKEY_TOKEN_FILE=${tokenFile}`, join(EXAMPLES, 'rotate.sh')];
  for (const cwd of ['/', folder])
    expect(await runProgram('env', rotate, { cwd }), cwd).toMatchObject({ code: 0, stdout: '' });
  const renewed = (await readFile(tokenFile, 'utf8')).trim();
  expect(renewed).not.toBe(secret);
  expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
  expect(await backup()).toMatchObject({ code: 0 });
  expect(
    await world.git({ username: 'ci', secret: secret!, repository: 'acme/site', operation: 'clone' }),
  ).toMatchObject({
    ok: false,
    remote: expect.arrayContaining(['The token "job" was rotated, and this is its old value.']),
  });
});
