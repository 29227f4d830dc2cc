/**
 * What a release changes in the checkout: its version, everywhere it stands, and the section of the changelog.
 *
 * Invariant: pure. A text that lacks what is to be changed is an error, never left as it was.
 */

/** Under this heading the changelog collects what no release has yet. */
const UNRELEASED = '## Unreleased\n';
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/** How much a version is raised (Semantic Versioning 2.0.0). */
const STEPS = ['major', 'minor', 'patch'] as const;

/**
 * The version that is asked for: a step, a version, or nothing, which means the current one if it was never released,
 * otherwise a step of the second number.
 * @throws Error when it is none, or was released already
 */
export function nextVersion(current: string, asked: string | null, tags: ReadonlySet<string>): string {
  const version = asked === null && !tags.has(tagOf(current)) ? current : raised(current, asked ?? 'minor');
  if (tags.has(tagOf(version))) throw new Error(`${version} was released already: there is a tag ${tagOf(version)}`);
  return version;
}

export function tagOf(version: string): string {
  return `v${version}`;
}

function raised(current: string, asked: string): string {
  if (VERSION.test(asked)) return asked;
  const numbers = VERSION.exec(current)?.slice(1).map(Number);
  const step = STEPS.findIndex((name) => name === asked);
  if (numbers === undefined || step === -1)
    throw new Error(`${asked} is no version like 1.2.3, and none of ${STEPS.join(', ')}`);
  return numbers.map((number, place) => (place < step ? number : place === step ? number + 1 : 0)).join('.');
}

/**
 * The changelog in which what was unreleased is the section of this version, and that section by itself.
 * @throws Error when nothing is unreleased
 */
export function releasedChangelog(
  text: string,
  version: string,
  date: string,
): { readonly changelog: string; readonly section: string } {
  const from = text.indexOf(UNRELEASED);
  if (from === -1) throw new Error(`the changelog has no heading "${UNRELEASED.trim()}"`);
  const start = from + UNRELEASED.length;
  const next = text.indexOf('\n## ', start);
  const section = text.slice(start, next === -1 ? text.length : next).trim();
  if (section === '') throw new Error('nothing is unreleased: the changelog has no entries to release');
  const heading = `## ${version} (${date})\n`;
  return { changelog: `${text.slice(0, from)}${UNRELEASED}\n${heading}${text.slice(start)}`, section };
}

const FIELD = (version: string): string => `"version": "${version}"`;

/** Files that hold the version, and each text in them that does. */
export const PLACES: Readonly<Record<string, readonly ((version: string) => string)[]>> = {
  'packages/latchkey/package.json': [FIELD],
  'packages/client/package.json': [FIELD],
  'package-lock.json': [
    (version) => `"packages/latchkey": {\n      ${FIELD(version)}`,
    (version) => `"packages/client": {\n      "name": "@latchkey/client",\n      ${FIELD(version)}`,
  ],
  'deploy/helm/latchkey/Chart.yaml': [(version) => `\nversion: ${version}`, (version) => `\nappVersion: ${version}`],
  'docs/install.md': [(version) => `latchkey_${version}_amd64.deb`, (version) => `latchkey-${version}.tgz`],
};

/** A text with another version in the places of its file. @throws Error when one isn't there */
export function withVersion(path: string, text: string, current: string, version: string): string {
  let changed = text;
  for (const place of PLACES[path] ?? []) {
    if (!changed.includes(place(current))) throw new Error(`${path} has no ${place(current)}`);
    changed = changed.replaceAll(place(current), place(version));
  }
  return changed;
}
