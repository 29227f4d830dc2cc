/**
 * Package managers that take their packages from repositories here: npm and pip, from archives and by git, public and
 * with a token. Needs python3 on the machine.
 *
 * Each step prints what it shows; the first that fails ends the run.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../bench/command.ts';
import { startWorld } from '../bench/server.ts';

/** A package of both, whose value is 42. */
const FILES = {
  'package.json': '{"name":"deskpkg","version":"1.0.0","main":"index.js"}\n',
  'index.js': 'module.exports = 42;\n',
  'pyproject.toml':
    '[project]\nname = "deskpkg"\nversion = "1.0.0"\n' +
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n' +
    '[tool.setuptools]\npackages = ["deskpkg"]\n',
  'deskpkg/__init__.py': 'value = 42\n',
};
const IDENTITY = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org'];

export async function packages(): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-packages-'));
  const world = await startWorld(join(base, 'data'), null);
  try {
    await world.admin(['repo', 'add', 'ada/open', '--public']);
    await world.admin(['repo', 'add', 'ada/closed']);
    const withToken = world.url.replace('://', `://ada:${world.token}@`);
    const source = join(base, 'source');
    for (const [name, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(source, name)), { recursive: true });
      await writeFile(join(source, name), text);
    }
    const git = (...args: readonly string[]) => run('git', [...IDENTITY, ...args], { cwd: source });
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'one');
    await git('tag', 'v1.0.0');
    for (const name of ['open', 'closed'])
      await git('push', '-q', `${withToken}/ada/${name}.git`, 'HEAD:refs/heads/main', 'v1.0.0');
    const places = {
      'an archive of a public repository': `${world.url}/ada/open/archive/v1.0.0.tar.gz`,
      'an archive of a private one': `${withToken}/ada/closed/archive/main.tar.gz`,
      'a zip of it': `${withToken}/ada/closed/archive/v1.0.0.zip`,
      'git, with a token': `git+${withToken}/ada/closed.git`,
    };
    for (const [words, place] of Object.entries(places)) {
      // npm reads tars alone.
      if (!place.endsWith('.zip')) await tell(`npm installs from ${words}`, () => byNpm(base, place));
      await tell(`pip installs from ${words}`, () => byPip(base, place));
    }
  } finally {
    await world.stop();
    await rm(base, { recursive: true, force: true });
  }
}

async function byNpm(base: string, place: string): Promise<string> {
  const folder = await mkdtemp(join(base, 'npm-'));
  await writeFile(join(folder, 'package.json'), '{"private":true}\n');
  await run('npm', ['install', '--no-audit', '--no-fund', place], { cwd: folder });
  return (await run(process.execPath, ['-p', 'require("deskpkg")'], { cwd: folder })).stdout.trim();
}

async function byPip(base: string, place: string): Promise<string> {
  const folder = await mkdtemp(join(base, 'pip-'));
  await run('python3', ['-m', 'venv', folder]);
  const python = join(folder, 'bin/python');
  await run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', place]);
  return (await run(python, ['-c', 'import deskpkg; print(deskpkg.value)'])).stdout.trim();
}

async function tell(claim: string, step: () => Promise<string>): Promise<void> {
  const value = await step();
  if (value !== '42') throw new Error(`${claim}: got ${value}`);
  console.log(claim);
}
