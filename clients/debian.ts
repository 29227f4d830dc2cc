/** Programs out of Debian's packages, which are downloaded and not installed. Needs apt and dpkg. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
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

async function unpacked(folder: string, name: string, options: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  await run('apt-get', [...options, '-qq', 'download', name], { cwd: folder });
  const [archive = ''] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  await run('dpkg-deb', ['-x', join(folder, archive), folder]);
  return join(folder, 'usr/bin', name);
}
