/**
 * What the Debian package puts onto a machine: the server's npm package, the Node that it was tested with, the unit of
 * systemd, manual page and completions.
 *
 * Invariant: it depends on nothing that Debian 12 and Ubuntu 24.04 don't have; their own Node is too old.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { programVersion } from '../src/base/version.ts';
import { LEFT_OUT } from './server-bundle.ts';
import { writeServerPackage } from './server-package.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MODULES = join(ROOT, 'node_modules');
const PACKAGING = join(ROOT, 'packaging');
const HOME = 'usr/lib/latchkey';
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const CONFIGURATION = 'etc/latchkey/environment';

/** Node's name of an architecture → Debian's. */
export const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;
export type Architecture = keyof typeof ARCHITECTURES;

/** A name that no two packages share: `latchkey_0.1.0_amd64.deb`. */
export const debianFileName = (arch: Architecture): string => `latchkey_${programVersion()}_${ARCHITECTURES[arch]}.deb`;

/**
 * Writes the tree into a folder, replacing its contents, ready for `dpkg-deb`.
 * @param node the program to bring along, of the same architecture
 * @throws Error when `npm ci` has not installed what belongs to that architecture
 */
export async function writeDebianTree(folder: string, arch: Architecture, node: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const home = join(folder, HOME);
  await writeServerPackage(home);
  for (const name of LEFT_OUT) {
    put(join(MODULES, name), join(home, 'node_modules', name));
    put(join(MODULES, `${name}-linux-${arch}-gnu`), join(home, 'node_modules', `${name}-linux-${arch}-gnu`));
  }
  put(node, join(home, 'node'));
  put(join(PACKAGING, 'debian/latchkey'), join(folder, 'usr/bin/latchkey'));
  put(join(PACKAGING, 'debian/environment'), join(folder, CONFIGURATION));
  put(join(PACKAGING, 'systemd/latchkey.service'), join(folder, 'usr/lib/systemd/system/latchkey.service'));
  put(join(home, 'completions/latchkey.bash'), join(folder, 'usr/share/bash-completion/completions/latchkey'));
  put(join(home, 'completions/_latchkey'), join(folder, 'usr/share/zsh/vendor-completions/_latchkey'));
  put(join(home, 'completions/latchkey.fish'), join(folder, 'usr/share/fish/vendor_completions.d/latchkey.fish'));
  write(join(folder, 'usr/share/man/man1/latchkey.1.gz'), gzipSync(readFileSync(join(home, 'man/latchkey.1'))));
  const licences = ['LICENSE', 'THIRD-PARTY-LICENSES'].map((name) => readFileSync(join(home, name), 'utf8'));
  write(join(folder, 'usr/share/doc/latchkey/copyright'), licences.join('\n'));
  setModes(folder, ['usr/bin/latchkey', `${HOME}/node`]);
  for (const name of SCRIPTS) {
    put(join(PACKAGING, 'debian', name), join(folder, 'DEBIAN', name));
    chmodSync(join(folder, 'DEBIAN', name), 0o755);
  }
  write(join(folder, 'DEBIAN/conffiles'), `/${CONFIGURATION}\n`);
  write(join(folder, 'DEBIAN/control'), control(arch, sizeOf(folder)));
}

/** Builds the package at `file` with Debian's own program. The same checkout gives the same bytes. */
export function buildDebianPackage(folder: string, file: string): void {
  const date = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '--build', folder, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: date },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function control(arch: Architecture, bytes: number): string {
  const fields = {
    Package: 'latchkey',
    Version: programVersion(),
    Architecture: ARCHITECTURES[arch],
    Maintainer: 'The Latchkey developers <latchkey@localhost>',
    'Installed-Size': String(Math.ceil(bytes / 1024)),
    Depends: 'adduser, git (>= 1:2.39), libc6 (>= 2.28), libstdc++6',
    Recommends: 'systemd (>= 250)',
    Suggests: 'postgresql, caddy | nginx',
    Section: 'vcs',
    Priority: 'optional',
    Description:
      'self-hosted server for personal access tokens\n' +
      ' Git over HTTPS, the REST APIs of GitHub and GitLab, Git LFS, and any other HTTP\n' +
      ' service behind a proxy that asks it first.',
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}

function write(to: string, content: string | Buffer): void {
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, content);
}

/** Everybody may read all of it, and nobody but root change any of it, whatever the umask here. */
function setModes(folder: string, programs: readonly string[]): void {
  const executable = new Set(programs.map((path) => join(folder, path)));
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || executable.has(path) ? 0o755 : 0o644);
  }
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
