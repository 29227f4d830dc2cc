/** Git clients: how each is installed, and how it clones. What it prints of a failure goes to its output. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../bench/command.ts';

export interface GitClient {
  readonly name: string;
  /** Installs it in the folder, and returns its version. */
  install(folder: string): Promise<string>;
  /** The command that clones `url` as `username` with `password` into `to`. */
  clone(
    folder: string,
    args: readonly [url: string, username: string, password: string, to: string],
  ): readonly string[];
}

const PROGRAMS = join(import.meta.dirname, 'programs');

function ofPip(name: string, title = name): GitClient {
  return {
    name: title,
    install: async (folder) => {
      await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, name]);
      const show = `import importlib.metadata as m; print(m.version("${name}"))`;
      return (await run('python3', ['-c', show], { env: { ...process.env, PYTHONPATH: folder } })).stdout.trim();
    },
    clone: (folder, args) => ['env', `PYTHONPATH=${folder}`, 'python3', join(PROGRAMS, `clone_${name}.py`), ...args],
  };
}

const JGIT = [
  'org.eclipse.jgit:org.eclipse.jgit:7.1.0.202411261347-r',
  'org.slf4j:slf4j-api:1.7.36',
  'com.googlecode.javaewah:JavaEWAH:1.2.3',
  'commons-codec:commons-codec:1.17.1',
];

export const CLIENTS: readonly GitClient[] = [
  {
    name: 'git',
    install: async () => (await run('git', ['--version'])).stdout.trim().split(' ').at(-1) ?? '',
    clone: (_, [url, username, password, to]) => [
      'git',
      '-c',
      'credential.helper=',
      'clone',
      '--quiet',
      url.replace('://', `://${username}:${encodeURIComponent(password)}@`),
      to,
    ],
  },
  ofPip('pygit2', 'libgit2 (pygit2)'),
  ofPip('dulwich'),
  {
    name: 'isomorphic-git',
    install: async (folder) => {
      await run('npm', ['install', '--silent', '--prefix', folder, 'isomorphic-git']);
      await cp(join(PROGRAMS, 'isomorphic-git.mjs'), join(folder, 'clone.mjs'));
      const { stdout } = await run('npm', ['ls', '--prefix', folder, '--depth', '0', 'isomorphic-git']);
      return /@(\S+)/.exec(stdout)?.[1] ?? '';
    },
    clone: (folder, args) => [process.execPath, join(folder, 'clone.mjs'), ...args],
  },
  {
    name: 'Cargo',
    install: async () => (await run('cargo', ['--version'])).stdout.split(' ')[1] ?? '',
    clone: (_, args) => [join(PROGRAMS, 'cargo.sh'), ...args],
  },
  {
    name: 'dugite (GitHub Desktop)',
    install: async (folder) => {
      // Its own git is a download from outside the registry, so it runs the one of this machine.
      await run('npm', ['install', '--silent', '--ignore-scripts', '--prefix', folder, 'dugite']);
      await cp(join(PROGRAMS, 'dugite.mjs'), join(folder, 'clone.mjs'));
      const { stdout } = await run('npm', ['ls', '--prefix', folder, '--depth', '0', 'dugite']);
      return /@(\S+)/.exec(stdout)?.[1] ?? '';
    },
    clone: (folder, args) => {
      const gitDir = ['LOCAL_GIT_DIRECTORY=/usr', 'GIT_EXEC_PATH=/usr/lib/git-core'];
      return ['env', ...gitDir, process.execPath, join(folder, 'clone.mjs'), ...args];
    },
  },
  {
    name: 'JGit',
    install: async (folder) => {
      await mkdir(folder, { recursive: true });
      for (const artifact of JGIT)
        await run('mvn', ['-q', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]);
      return JGIT[0]?.split(':').at(-1) ?? '';
    },
    clone: (folder, args) => ['java', '-cp', `${folder}/*`, join(PROGRAMS, 'JGit.java'), ...args],
  },
  {
    name: 'go-git',
    install: async (folder) => {
      await cp(join(PROGRAMS, 'go-git'), folder, { recursive: true });
      await run('go', ['mod', 'init', 'clone'], { cwd: folder });
      await run('go', ['get', 'github.com/go-git/go-git/v5'], { cwd: folder });
      await run('go', ['build', '-o', 'clone', '.'], { cwd: folder });
      const { stdout } = await run('go', ['list', '-m', 'github.com/go-git/go-git/v5'], { cwd: folder });
      return stdout.trim().split(' ').at(-1) ?? '';
    },
    clone: (folder, args) => [join(folder, 'clone'), ...args],
  },
];
