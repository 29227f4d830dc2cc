/**
 * Libraries for GitHub's and GitLab's REST APIs against a real server, call by call: `npm run clients -- pygithub`,
 * `python-gitlab`. Each is installed from its registry into a folder of its own. Prints a table of the calls, and ends
 * with 1 when one failed.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { startWorld } from '../bench/server.ts';

const DAY_MS = 86_400_000;

interface Library {
  /** As its registry calls it. */
  readonly name: string;
  readonly program: string;
  /** Below the server's address. */
  readonly api: string;
  /** Arguments of `latchkey admin token add`. */
  readonly token: readonly string[];
}

const LIBRARIES: Readonly<Record<string, Library>> = {
  pygithub: {
    name: 'PyGithub',
    program: 'pygithub_calls.py',
    api: '/api/v3',
    token: ['--classic', ...scopes('repo', 'admin:org', 'admin:repo_hook', 'admin:public_key', 'user', 'delete_repo')],
  },
  'python-gitlab': {
    name: 'python-gitlab',
    program: 'python_gitlab_calls.py',
    api: '',
    token: ['--scoped', ...scopes('api')],
  },
};

function scopes(...names: readonly string[]): string[] {
  return names.flatMap((name) => ['--scope', name]);
}

export const REST_LIBRARIES = Object.keys(LIBRARIES);

export async function restLibrary(which: string): Promise<void> {
  const library = LIBRARIES[which];
  if (library === undefined) throw new Error(`no library is called ${which}`);
  const base = await mkdtemp(join(tmpdir(), 'latchkey-library-'));
  const world = await startWorld(join(base, 'data'), null);
  try {
    await world.admin(['user', 'add', 'bob', '--email', 'bob@example.org', '--verified']);
    await world.admin(['org', 'add', 'acme', '--owner', 'ada']);
    for (const name of ['ada/site', 'acme/docs']) await world.admin(['repo', 'add', name]);
    const token = await world.admin(['token', 'add', 'ada', '--name', which, ...library.token]);
    await run('python3', ['-m', 'venv', join(base, 'venv')]);
    const python = join(base, 'venv/bin/python');
    await run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', library.name]);
    await copyFile(join(import.meta.dirname, 'programs', library.program), join(base, library.program));
    const soon = new Date(Date.now() + 30 * DAY_MS).toISOString().slice(0, 10);
    const { stdout } = await run(python, [join(base, library.program), world.url + library.api, token, soon]);
    tell(library, stdout);
  } finally {
    await world.stop();
    await rm(base, { recursive: true, force: true });
  }
}

function tell({ name }: Library, output: string): void {
  const rows = output
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [call: string, said?: string]);
  const calls = rows.filter(([call]) => call !== 'library');
  const failed = calls.filter(([, said]) => said !== 'ok');
  const version = rows.find(([call]) => call === 'library')?.[1] ?? '';
  for (const [call, said] of failed) console.log(`${call}: ${said}`);
  console.log(`${name} ${version}: ${calls.length - failed.length} of ${calls.length} calls work`);
  if (failed.length > 0) process.exitCode = 1;
}
