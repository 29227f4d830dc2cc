/** `latchkey about`: the texts that come with the client, so that one file is all that somebody needs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { examples } from './command-help.ts';
import type { Terminal } from './terminal.ts';

/** Text → the package's files that contain it. In an executable they are assets with the same names. */
const CLIENT_TEXTS = {
  manual: ['man/latchkey.1'],
  readme: ['README.md'],
  license: ['LICENSE', 'THIRD-PARTY-LICENSES'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
type ClientText = keyof typeof CLIENT_TEXTS;
/** Files that each package and executable must contain. */
export type ClientTextFile = (typeof CLIENT_TEXTS)[ClientText][number];

export function aboutCommand(terminal: Terminal): Command {
  const command = new Command('about')
    .description('print the manual page, the readme, or the licences')
    .addArgument(new Argument('<TEXT>', 'which text').choices(Object.keys(CLIENT_TEXTS)))
    .action(async (text: ClientText) => {
      const { isSea, getAsset } = await import('node:sea');
      // The bundle is one folder below the root of its package.
      const read = (name: string): string =>
        isSea() ? getAsset(name, 'utf8') : readFileSync(join(import.meta.dirname, '..', name), 'utf8');
      for (const name of CLIENT_TEXTS[text]) terminal.print(read(name).trimEnd());
    });
  return examples(command, ['latchkey about manual > ~/.local/share/man/man1/latchkey.1', 'latchkey about license']);
}
