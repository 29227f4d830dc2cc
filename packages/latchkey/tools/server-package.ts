/**
 * The npm package `latchkey`, as it is published and as every other form of the server is made of: the bundle, its
 * files, the manual page, completions and licences.
 *
 * Invariant: it needs the packages of `LEFT_OUT` alone, in the versions of this checkout's lock file.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programVersion } from '../src/base/version.ts';
import { completionScript } from '../src/cli/completion/scripts.ts';
import { SHELLS } from '../src/cli/completion/values.ts';
import { OLDEST_NODE } from '../src/cli/node-version.ts';
import { buildProgram } from '../src/cli/program.ts';
import { COMPLETION_FILES } from './client-package.ts';
import { NOWHERE } from './manual-page.ts';
import { published } from './published.ts';
import { bundleServer, LEFT_OUT, webFilesByPath } from './server-bundle.ts';

const PACKAGE = join(import.meta.dirname, '..');
const ROOT = join(PACKAGE, '../..');
/** Where the modules lie: two folders below the package's root (`base/version.ts`). */
const MODULES = 'lib/server';
/** Files that are taken as they are. */
const TAKEN = ['assets/hooks', 'assets/route-map.schema.json'];
/** Packages of which pages load files: style sheets, the font, icons and elements. */
const IN_PAGES = [
  '@fontsource-variable/inter',
  '@github/clipboard-copy-element',
  '@github/relative-time-element',
  '@primer/css',
  '@primer/octicons',
  '@primer/primitives',
];

/** Writes the package into a folder, replacing its contents. */
export async function writeServerPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const bundled = await bundleServer(join(folder, MODULES));
  for (const path of TAKEN) cpSync(join(PACKAGE, path), join(folder, path), { recursive: true });
  const inPages = IN_PAGES.map((name) => join(ROOT, 'node_modules', name));
  const texts = new Map<string, string | Buffer>([
    ['package.json', `${JSON.stringify(manifest(), null, 2)}\n`],
    ['README.md', readFileSync(join(import.meta.dirname, 'server-readme.md'), 'utf8')],
    ['LICENSE', readFileSync(join(ROOT, 'LICENSE'), 'utf8')],
    ['THIRD-PARTY-LICENSES', licencesOf([...new Set([...bundled, ...inPages])].sort())],
    ['man/latchkey.1', readFileSync(join(ROOT, 'docs/latchkey.1'), 'utf8')],
    ...SHELLS.map(
      (shell) =>
        [`completions/${COMPLETION_FILES[shell]}`, `${completionScript(buildProgram(NOWHERE), shell)}\n`] as const,
    ),
    ...webFilesByPath(),
  ]);
  for (const [name, text] of texts) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function manifest(): object {
  const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  return {
    name: 'latchkey',
    version: programVersion(),
    description: 'A self-hosted server for personal access tokens: Git over HTTPS, REST, and any other HTTP service',
    keywords: ['personal access token', 'git', 'authorization', 'forward auth', 'self-hosted'],
    ...published('packages/latchkey'),
    type: 'commonjs',
    engines: { node: `>=${OLDEST_NODE}` },
    bin: { latchkey: `${MODULES}/main.js` },
    man: ['man/latchkey.1'],
    files: ['lib', 'assets', 'man', 'completions', 'THIRD-PARTY-LICENSES'],
    dependencies: Object.fromEntries(LEFT_OUT.map((name) => [name, dependencies[name]])),
  };
}

/**
 * The licences of packages, one after the other. `folders`: where the packages are.
 * @throws Error when one has none that could be handed on
 */
function licencesOf(folders: readonly string[]): string {
  return folders.map((folder) => `${folder.replace(/^.*node_modules\//, '')}\n\n${licenceOf(folder)}\n`).join('\n');
}

function licenceOf(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim();
  const { license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly license?: string;
    readonly author?: string | { readonly name: string };
  };
  if (license === undefined) throw new Error(`no licence in ${folder}`);
  const by = typeof author === 'string' ? author : author?.name;
  return by === undefined ? license : `${license}, by ${by}`;
}
