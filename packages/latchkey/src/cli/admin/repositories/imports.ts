/** `latchkey admin repo import`: a folder, a bundle, or a repository at another server, at once. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { usedInWords } from '../../../base/sizes-in-words.ts';
import type { Visibility } from '../../../rules/model.ts';
import { sayEffects } from '../../adoption-report.ts';
import { examples } from '../../command-help.ts';
import { addSettingOptions } from '../../setting-options.ts';
import { type Terminal, UsageError } from '../../terminal.ts';
import { fullNameOf, withData, withDataOptions } from '../context.ts';
import { type CredentialFlags, readCredential, withCredentialOptions } from './credential-option.ts';
import { type VisibilityFlags, visibilityOf, withVisibilityOptions } from './visibility.ts';

/** How often a line says how far it is. */
const TELL_MS = 2_000;

interface Copied {
  readonly owner: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly url: string;
}

interface ImportFlags extends VisibilityFlags, CredentialFlags {}

export function importCommand(terminal: Terminal): Command {
  const command = withCredentialOptions(
    withVisibilityOptions(
      new Command('import')
        .description('import a Git repository with all its branches and tags')
        .argument('<OWNER/NAME>', 'its name here')
        .argument('<SOURCE>', 'a folder (copied, unless it is already in place), a bundle, or an address: https://…'),
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
      const { importRepository } = await import('../../../actions/repositories/repositories.ts');
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
  flags: CredentialFlags,
): Promise<void> {
  const [secret, username] = [await readCredential(terminal, flags), flags.username ?? ''];
  await withData(command, terminal, async (ctx, permit) => {
    const { importFromServer } = await import('../../../actions/repositories/creation/imports.ts');
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
