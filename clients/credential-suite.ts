/**
 * Git's own checks of credential helpers (`t/lib-credential.sh`), run against ours: its table is the one of
 * docs/clients.md. The source of git is somebody's checkout in which `make` has run; nothing is written there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '../bench/command.ts';
import { MAIN } from '../bench/server.ts';

/** Who keeps the secrets: our file, or git's `store` behind us. */
const KEEPERS = ['latchkey alone', 'latchkey in front of store'] as const;
type Keeper = (typeof KEEPERS)[number];

const CHECKS = [
  'helper_test',
  'helper_test_password_expiry_utc',
  'helper_test_oauth_refresh_token',
  'helper_test_authtype',
] as const;

/** Every server that the checks name: ours answers for no others. */
const SERVERS = [
  'example.com',
  'other.tld',
  'badguy.example.com',
  'victim.example.com',
  'path.tld',
  'sso.tld',
  'git.example.com',
  'git2.example.com',
].flatMap((host) => [`https://${host}`, `http://${host}`]);

/** Prints what passes, for each keeper and check. Fails when a check fails where our file keeps the secrets. */
export async function credentialSuite(source: string): Promise<void> {
  const git = resolve(source);
  for (const needed of ['t/lib-credential.sh', 'git', 't/helper/test-tool'])
    if (!existsSync(join(git, needed)))
      throw new Error(`${join(git, needed)} is missing: it takes git's source, built`);
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-suite-'));
  try {
    console.log((await run(join(git, 'git'), ['--version'])).stdout.trim());
    const programs = join(folder, 'programs');
    await mkdir(programs);
    await program(join(programs, 'latchkey'), `exec '${process.execPath}' '${MAIN}' "$@"`);
    await program(join(programs, 'git-credential-latchkey'), 'exec latchkey credential "$@"');
    for (const keeper of KEEPERS) for (const check of CHECKS) await tryCheck(git, folder, keeper, check);
    console.log('helper_test_timeout is for helpers that forget after a given time; ours goes by the end of a token');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function program(path: string, line: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${line}\n`);
  await chmod(path, 0o755);
}

async function tryCheck(git: string, folder: string, keeper: Keeper, check: string): Promise<void> {
  const script = join(folder, 't0000-latchkey.sh');
  await writeFile(script, scriptOf(keeper, check));
  const child = spawn('sh', [script], {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'programs')}:${process.env['PATH']}`,
      HOME: folder,
      TEST_DIRECTORY: join(git, 't'),
      TEST_OUTPUT_DIRECTORY: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said += part));
  await once(child, 'close');
  const lines = said.split('\n');
  const passed = lines.filter((line) => /^ok \d/.test(line)).length;
  const failed = lines.filter((line) => /^not ok \d/.test(line));
  console.log(`${keeper}: ${check}: ${passed} of ${passed + failed.length} pass`);
  for (const line of failed) console.log(`  ${line}`);
  if (passed === 0) console.log(said.slice(-1000));
  if (passed === 0 || (keeper === 'latchkey alone' && failed.length > 0)) process.exitCode = 1;
}

/** The servers are made known to the helper, and git's configuration is cleared of them: the checks name the helper. */
function scriptOf(keeper: Keeper, check: string): string {
  return `test_description='latchkey as a credential helper'
. "$TEST_DIRECTORY"/test-lib.sh
. "$TEST_DIRECTORY"/lib-credential.sh
${keeper === 'latchkey alone' ? '' : 'git config --global credential.helper store'}
for server in ${SERVERS.join(' ')}; do latchkey credential install "$server" 2>/dev/null; done
rm -f "$HOME/.gitconfig"
helper_test_clean latchkey
${check} latchkey
test_done
`;
}
