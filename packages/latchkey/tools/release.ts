/**
 * `npm run release [-- --dry-run] [VERSION | major | minor | patch]`: one commit with the version and its section of
 * the changelog, a tag, and the files to publish in `packages/latchkey/dist/release`.
 *
 * Invariant: everything is made in a clone, from committed files alone. The checkout changes in one last step, and with
 * `--dry-run` not at all; the files are the same.
 * Never: a push, an upload, or a credential. What remains to be done is printed.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  billOfMaterials,
  canPackDebian,
  DIGESTS,
  pack,
  run,
  writeDigests,
  writeLibraryPackage,
} from './release-files.ts';
import { nextVersion, PLACES, releasedChangelog, tagOf, withVersion } from './release-plan.ts';

const ROOT = join(import.meta.dirname, '../../..');
const OUT = join(import.meta.dirname, '../dist/release');
const NODE = ['node', 'tools/node.mjs'] as const;

const args = process.argv.slice(2);
const isDry = args.includes('--dry-run');
const [asked = null, ...rest] = args.filter((arg) => arg !== '--dry-run');
if (rest.length > 0 || asked?.startsWith('-') === true) {
  process.stderr.write('usage: npm run release [-- --dry-run] [VERSION | major | minor | patch]\n');
  process.exit(2);
}
const clone = mkdtempSync(join(tmpdir(), 'latchkey-release-'));
try {
  release();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(clone, { recursive: true, force: true });
}

function release(): void {
  const changed = run(ROOT, 'git', 'status', '--porcelain');
  if (changed !== '' && !isDry) throw new Error(`commit first, or put aside:\n${changed}`);
  if (changed !== '') say('Not in this release, since it is not committed:', changed);
  const current = (
    JSON.parse(readFileSync(join(ROOT, 'packages/latchkey/package.json'), 'utf8')) as { version: string }
  ).version;
  const tags = new Set(run(ROOT, 'git', 'tag', '--list').split('\n'));
  const version = nextVersion(current, asked, tags);
  const at = run(ROOT, 'git', 'log', '-1', '--format=%cI');

  run(ROOT, 'git', 'clone', '--quiet', ROOT, clone);
  // Where the sources will be found: not in the checkout that this was cloned from.
  const origin = run(ROOT, 'git', 'remote').split('\n').includes('origin')
    ? run(ROOT, 'git', 'remote', 'get-url', 'origin')
    : null;
  if (origin === null) run(clone, 'git', 'remote', 'remove', 'origin');
  else run(clone, 'git', 'remote', 'set-url', 'origin', origin);
  for (const folder of ['.', 'packages/latchkey', 'packages/client'])
    if (statSync(join(ROOT, folder, 'node_modules'), { throwIfNoEntry: false }) !== undefined)
      symlinkSync(join(ROOT, folder, 'node_modules'), join(clone, folder, 'node_modules'));
  const section = writeVersion(current, version, at.slice(0, 10));
  build(version, at, section);
  say(`\n${section.split('\n').length} lines of the changelog are now "${version} (${at.slice(0, 10)})".`);
  for (const name of readdirSync(OUT).sort())
    say(`${(statSync(join(OUT, name)).size / 1e6).toFixed(2).padStart(7)} MB  ${join(OUT, name)}`);
  if (isDry)
    return say(`\nNothing was changed. Without --dry-run there would be a commit, and the tag ${tagOf(version)}.`);
  keep(version);
}

/** Writes the version into the clone; returns the section of the changelog. */
function writeVersion(current: string, version: string, date: string): string {
  const edit = (path: string, change: (text: string) => string): void =>
    writeFileSync(join(clone, path), change(readFileSync(join(clone, path), 'utf8')));
  let section = '';
  edit('CHANGELOG.md', (text) => {
    const released = releasedChangelog(text, version, date);
    section = released.section;
    return released.changelog;
  });
  for (const path of Object.keys(PLACES)) edit(path, (text) => withVersion(path, text, current, version));
  return section;
}

function build(version: string, at: string, section: string): void {
  const tool = (name: string, ...more: string[]): void =>
    say(run(clone, ...NODE, `packages/latchkey/tools/${name}.ts`, ...more) || `${name}: done`);
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const dist = join(clone, 'packages/latchkey/dist');
  run(clone, ...NODE, 'tools/build.mjs');
  tool('write-docs', '--check');
  tool('build-server');
  tool('build-cli', 'package');
  writeLibraryPackage(clone, join(dist, 'library'));
  for (const folder of ['server', 'client', 'library']) pack(join(dist, folder), OUT);
  if (canPackDebian()) {
    tool('package-deb');
    for (const name of readdirSync(dist).filter((each) => each.endsWith('.deb')))
      run(clone, 'cp', join(dist, name), OUT);
  } else say('no Debian package: there is no dpkg-deb here');
  writeFileSync(join(OUT, `latchkey-${version}.cdx.json`), billOfMaterials(clone, version, at));
  writeFileSync(join(OUT, 'CHANGES.md'), `${section}\n`);
  writeDigests(OUT);
}

/** The commit and its tag, made in the clone from which the files came, arrive in the checkout. */
function keep(version: string): void {
  const tag = tagOf(version);
  run(clone, 'git', 'add', '--', 'CHANGELOG.md', ...Object.keys(PLACES));
  const committer = ['user.name', 'user.email'].flatMap((key) => ['-c', `${key}=${run(ROOT, 'git', 'config', key)}`]);
  run(clone, 'git', ...committer, 'commit', '--quiet', '--message', `release: ${version}`);
  run(clone, 'git', ...committer, 'tag', '--annotate', '--message', `Latchkey ${version}`, tag);
  run(ROOT, 'git', 'pull', '--quiet', '--ff-only', '--tags', clone, 'HEAD');
  say(
    `\nThe commit and the tag ${tag} are here. What is left, from the CI that holds the right to publish:`,
    '  git push --follow-tags',
    ...readdirSync(OUT)
      .filter((name) => name.endsWith('.tgz'))
      .map((name) => `  npm publish ${join(OUT, name)}`),
    `and the files of ${OUT} at the release, with ${DIGESTS} and CHANGES.md.`,
  );
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
