/** The npm package `@latchkey/cli`: the commands of people, with the texts that go along, and no dependencies. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programVersion } from '../src/base/version.ts';
import type { ClientTextFile } from '../src/cli/about.ts';
import { buildClient } from '../src/cli/client-program.ts';
import { completionScript } from '../src/cli/completion/scripts.ts';
import { SHELLS } from '../src/cli/completion/values.ts';
import { OLDEST_NODE } from '../src/cli/node-version.ts';
import { bundleClient, licencesOf } from './client-bundle.ts';
import { clientManualPage, NOWHERE } from './manual-page.ts';
import { published } from './published.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** Where each shell looks for completions. */
export const COMPLETION_FILES = { bash: 'latchkey.bash', zsh: '_latchkey', fish: 'latchkey.fish' } as const;

/** Writes the package into a folder, replacing its contents. */
export async function writeClientPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const { files, modules } = await bundleClient(false);
  const texts: Readonly<Record<string, string>> = {
    'package.json': `${JSON.stringify(manifest(), null, 2)}\n`,
    ...clientTexts(modules),
    ...Object.fromEntries([...files].map(([name, code]) => [`dist/${name}`, code])),
    ...Object.fromEntries(
      SHELLS.map((shell) => [
        `completions/${COMPLETION_FILES[shell]}`,
        `${completionScript(buildClient(NOWHERE), shell)}\n`,
      ]),
    ),
  };
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** The texts of `latchkey about`, by their names in the package. */
export function clientTexts(modules: readonly string[]): Readonly<Record<ClientTextFile, string>> {
  return {
    'man/latchkey.1': clientManualPage(buildClient(NOWHERE)),
    'README.md': readFileSync(join(import.meta.dirname, 'client-readme.md'), 'utf8'),
    LICENSE: readFileSync(join(ROOT, 'LICENSE'), 'utf8'),
    'THIRD-PARTY-LICENSES': licencesOf(modules),
  };
}

function manifest(): object {
  return {
    name: '@latchkey/cli',
    version: programVersion(),
    description: 'The client of Latchkey: signs in with a browser, and gives tokens to git',
    ...published('packages/latchkey'),
    type: 'commonjs',
    engines: { node: `>=${OLDEST_NODE}` },
    bin: { latchkey: 'dist/latchkey.cjs' },
    man: ['man/latchkey.1'],
    files: ['dist', 'man', 'completions', 'THIRD-PARTY-LICENSES'],
  };
}
