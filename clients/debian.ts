/** Programs out of Debian's packages, which are downloaded and not installed. Needs apt and dpkg. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../bench/command.ts';

/** The program that the machine's own Debian has. @returns its path below `base` */
export async function debians(base: string, name: string): Promise<string> {
  return unpacked(join(base, 'debian'), name, []);
}

/** The newest that Debian has, by lists of its own. @returns its path below `base` */
export async function newest(base: string, name: string): Promise<string> {
  const folder = join(base, 'newest');
  for (const made of ['lists/partial', 'cache/archives/partial']) await mkdir(join(folder, made), { recursive: true });
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  await writeFile(join(folder, 'sources.list'), `deb ${signed} http://deb.debian.org/debian sid main\n`);
  const options = [
    `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, '-qq', 'update'], { cwd: folder });
  return unpacked(folder, name, options);
}

/** The source of the machine's own version of a package. @returns its folder */
export async function source(base: string, name: string): Promise<string> {
  for (const made of ['lists/partial', 'cache/archives/partial']) await mkdir(join(base, made), { recursive: true });
  const { VERSION_CODENAME: suite = 'stable' } = Object.fromEntries(
    (await readFile('/etc/os-release', 'utf8')).split('\n').map((line) => line.split('=', 2)),
  ) as { VERSION_CODENAME?: string };
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  const places = [`debian ${suite}`, `debian-security ${suite}-security`];
  await writeFile(
    join(base, 'sources.list'),
    places.map((place) => `deb-src ${signed} http://deb.debian.org/${place} main\n`).join(''),
  );
  const options = [
    `Dir::Etc::sourcelist=${join(base, 'sources.list')}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(base, 'lists')}`,
    `Dir::Cache=${join(base, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, '-qq', 'update'], { cwd: base });
  await run('apt-get', [...options, '-qq', '--download-only', 'source', name], { cwd: base });
  const [archive = ''] = (await readdir(base)).filter((file) => file.includes('.orig.tar'));
  const folder = join(base, 'unpacked');
  await mkdir(folder);
  await run('tar', ['-xf', join(base, archive), '-C', folder, '--strip-components=1']);
  await patch(base, folder);
  return folder;
}

/** Debian's own changes, in the order of its list. */
async function patch(base: string, folder: string): Promise<void> {
  const [archive = ''] = (await readdir(base)).filter((file) => file.includes('.debian.tar'));
  await run('tar', ['-xf', join(base, archive), '-C', base]);
  const patches = join(base, 'debian/patches');
  const series = await readFile(join(patches, 'series'), 'utf8').catch(() => '');
  for (const name of series.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
    await run('patch', ['-p1', '-s', '-i', join(patches, name)], { cwd: folder });
}

async function unpacked(folder: string, name: string, options: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  await run('apt-get', [...options, '-qq', 'download', name], { cwd: folder });
  const [archive = ''] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  await run('dpkg-deb', ['-x', join(folder, archive), folder]);
  return join(folder, 'usr/bin', name);
}
