/**
 * Git's own tests of its HTTP transport, with Latchkey in git-http-backend's place (`front.ts`): the table of
 * docs/git-suite.md. The source of git is that of the machine's own Debian package, of which only the tests' tool is
 * built; or somebody's checkout in which `make` has run.
 *
 * It fails when a test fails that `known.ts` doesn't name, or one that it names passes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { run } from '../../bench/command.ts';
import { source } from '../debian.ts';
import { KNOWN, SCRIPTS } from './known.ts';

/** Of no files: Apache's tests refuse to run as root. */
const NOBODY = 65_534;
/** Without what the machine may lack: nothing of it is looked at here. */
const WITHOUT = ['NO_GETTEXT=1', 'NO_TCLTK=1', 'NO_OPENSSL=1', 'NO_PYTHON=1'];

interface Told {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  readonly said: string;
}

/** @param given a built checkout of git's source; the machine's own when undefined */
export async function gitSuite(given: string | undefined, only: readonly string[]): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-git-suite-'));
  try {
    const git = given === undefined ? await built(base) : resolve(given);
    for (const needed of ['t/lib-httpd.sh', 't/helper/test-tool'])
      if (!existsSync(join(git, needed))) throw new Error(`${join(git, needed)} is missing: run make there first`);
    const installed = existsSync(join(git, 'git')) ? null : dirname((await run('which', ['git'])).stdout.trim());
    console.log((await run(join(installed ?? git, 'git'), ['--version'])).stdout.trim());
    const apache = join(base, 'apache');
    const front = join(import.meta.dirname, 'front.ts');
    await writeFile(apache, `#!/bin/sh\nexec '${process.execPath}' '${front}' "$@"\n`);
    await chmod(apache, 0o755);
    const folder = join(base, 'trash');
    await mkdir(folder);
    if (process.getuid?.() === 0) for (const each of [base, folder]) await chown(each, NOBODY, NOBODY);
    const all = await readdir(join(git, 't'));
    let [passed, failed] = [0, 0];
    for (const number of only.length === 0 ? SCRIPTS : only) {
      const script = all.find((name) => name.startsWith(`${number}-`));
      if (script === undefined) console.log(`${number}: this git has no such test`);
      else {
        const told = await runScript({ git, folder, apache, installed }, script);
        tell(number, told);
        passed += told.passed;
        failed += told.failed.length;
      }
    }
    console.log(`${passed} of ${passed + failed} pass`);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** The machine's git as source, with the tests' tool built. */
async function built(base: string): Promise<string> {
  const git = await source(join(base, 'source'), 'git');
  const targets = ['GIT-BUILD-OPTIONS', 't/helper/test-tool', 't/helper/test-fake-ssh'];
  for (const made of [targets, ['-C', 'templates']])
    await run('nice', ['-n', '19', 'make', '-s', '-j2', ...WITHOUT, ...made], { cwd: git });
  return git;
}

interface Bench {
  readonly git: string;
  readonly folder: string;
  readonly apache: string;
  readonly installed: string | null;
}

async function runScript({ git, folder, apache, installed }: Bench, script: string): Promise<Told> {
  const copy = join(folder, script);
  await writeFile(copy, withSkips(await readFile(join(git, 't', script), 'utf8'), script));
  const child = spawn('nice', ['-n', '5', 'sh', copy, `--root=${folder}`, '--verbose-log'], {
    cwd: join(git, 't'),
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      GIT_TEST_HTTPD: 'true',
      LIB_HTTPD_PATH: apache,
      LIB_HTTPD_MODULE_PATH: folder,
      TEST_OUTPUT_DIRECTORY: folder,
      ...(installed === null ? {} : { GIT_TEST_INSTALLED: installed }),
    },
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said += part));
  await once(child, 'close');
  const lines = said.split('\n');
  // Git itself expects some to fail: `not ok … # TODO known breakage`.
  const named = (form: RegExp): string[] => lines.flatMap((line) => form.exec(line)?.[1] ?? []);
  const broken = named(/^not ok \d+ - (.*)$/).filter((name) => !name.includes('# TODO'));
  const skipped = named(/^ok \d+ # skip (.*)$/);
  const ours = skipped.filter((name) => name.includes('GIT_SKIP_TESTS'));
  return { passed: named(/^(ok \d+ )/).length - ours.length, failed: [...broken, ...ours], skipped, said };
}

/** Has git skip those that keep what follows from running; each is found by its name, since numbers change. */
function withSkips(text: string, script: string): string {
  return KNOWN.filter((each) => each.isSkipped === true && script.startsWith(each.script)).reduce(
    (changed, { name }) =>
      changed.replace(
        `test_expect_success '${name}`,
        (found) => `GIT_SKIP_TESTS="$GIT_SKIP_TESTS $this_test.$((test_count + 1))"\n${found}`,
      ),
    text,
  );
}

function tell(number: string, { passed, failed, skipped, said }: Told): void {
  console.log(`${number}: ${passed} of ${passed + failed.length} pass (${skipped.length} of them skipped by git)`);
  const known = KNOWN.filter((row) => row.script === number);
  for (const name of failed) {
    const row = known.find((each) => name.startsWith(each.name));
    console.log(`  ${row?.kind ?? 'WRONG'}: ${name}`);
    if (row === undefined) process.exitCode = 1;
  }
  for (const { name } of known)
    if (!failed.some((each) => each.startsWith(name))) console.log(`  passes, or isn't there: ${name}`);
  if (passed + failed.length > 0) return;
  console.log(said.slice(-2000));
  process.exitCode = 1;
}
