/** `latchkey admin repo import`: a folder, a bundle, or a repository at another server, at once. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { Secret } from '../../base/secret.ts';
import { usedInWords } from '../../base/sizes-in-words.ts';
import type { Visibility } from '../../rules/model.ts';
import { sayEffects } from '../adoption-report.ts';
import { examples } from '../command-help.ts';
import { once } from '../option-values.ts';
import { addSettingOptions } from '../setting-options.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { fullNameOf, withData, withDataOptions } from './context.ts';
import { type VisibilityFlags, visibilityOf, withVisibilityOptions } from './visibility.ts';

/** The longest credential that is read, in bytes. */
const MAX_CREDENTIAL_BYTES = 4096;
/** How often a line says how far it is. */
const TELL_MS = 2_000;

interface Copied {
  readonly owner: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly url: string;
}

interface ImportFlags extends VisibilityFlags {
  readonly username?: string;
  readonly credentialFile?: string;
}

export function importCommand(terminal: Terminal): Command {
  const command = withVisibilityOptions(
    new Command('import')
      .description('import a Git repository with all its branches and tags')
      .argument('<OWNER/NAME>', 'its name here')
      .argument(
        '<SOURCE>',
        'a folder (copied, unless it lies in its place already), a bundle, or an address: https://…',
      )
      .option('--username <NAME>', 'for an address: who the credential belongs to', once('--username'))
      .option(
        '--credential-file <FILE>',
        'for an address: file with the token or password, - for standard input; it is used once and not kept',
        once('--credential-file'),
      ),
  );
  command.action((fullName: string, path: string, flags: ImportFlags) => {
    if (/^[a-z]+:\/\//i.test(path))
      return importFromAddress(
        command,
        terminal,
        { ...fullNameOf(fullName), visibility: visibilityOf(flags), url: path },
        flags,
      );
    if (flags.username !== undefined || flags.credentialFile !== undefined)
      throw new UsageError('a credential is for an address', 'leave it out, or give an address: https://…');
    const draft = { ...fullNameOf(fullName), path: resolve(path), visibility: visibilityOf(flags) };
    return withData(command, terminal, async (ctx, permit) => {
      const { importRepository } = await import('../../actions/repositories/repositories.ts');
      const { repository, effects } = await importRepository(ctx, permit, draft);
      terminal.say(
        `imported ${draft.path} as the ${repository.visibility} repository ${draft.owner}/${repository.name}`,
      );
      sayEffects(terminal, `${draft.owner}/${repository.name}`, effects);
    });
  });
  return examples(addSettingOptions(withDataOptions(command), ['webhookNetworks', 'maxRepositoryMib']), [
    'latchkey admin repo import acme/site /srv/git/site.git',
    'latchkey admin repo import acme/tools ../tools --internal',
    'latchkey admin repo import acme/docs docs.bundle',
    'latchkey admin repo import acme/app https://git.example.org/app.git --credential-file token.txt',
  ]);
}

/** Copies it, and says how far it is. */
async function importFromAddress(
  command: Command,
  terminal: Terminal,
  copied: Copied,
  { username = '', credentialFile }: ImportFlags,
): Promise<void> {
  const secret = credentialFile === undefined ? null : await readCredential(terminal, credentialFile);
  if (secret === null && username !== '')
    throw new UsageError('--username is given without a credential', 'add --credential-file FILE');
  await withData(command, terminal, async (ctx, permit) => {
    const { importFromServer } = await import('../../actions/repositories/creation/imports.ts');
    let toldAt = performance.now();
    const onBytes = (bytes: number): void => {
      if (performance.now() - toldAt < TELL_MS) return;
      toldAt = performance.now();
      terminal.say(`received ${usedInWords(Math.floor(bytes / 1024))} …`);
    };
    const signal = AbortSignal.any([]);
    const { repository, refs } = await importFromServer(
      ctx,
      permit,
      { ...copied, username, secret },
      { signal, onBytes },
    );
    terminal.say(
      `imported ${refs} branches, tags and notes as the ${repository.visibility} repository ` +
        `${copied.owner}/${repository.name}; objects of Git LFS are not copied: git lfs push --all`,
    );
  });
}

/** The first line of a file, or of standard input. */
async function readCredential(terminal: Terminal, file: string): Promise<Secret> {
  const text =
    file === '-'
      ? await terminal.readInput(MAX_CREDENTIAL_BYTES)
      : await readFile(file, 'utf8').catch(unreadable(file));
  const [line = ''] = text.split('\n');
  const credential = line.trim();
  if (credential === '' || Buffer.byteLength(text) > MAX_CREDENTIAL_BYTES)
    throw new UsageError(`${file} holds no credential`, 'it holds a token or password, alone on its first line');
  return new Secret(credential);
}

const unreadable = (file: string) => (error: NodeJS.ErrnoException) => {
  throw new UsageError(`${file} can't be read: ${error.code}`);
};
