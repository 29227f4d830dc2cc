/**
 * `latchkey completion`: completes commands, options and their values in bash, zsh and fish.
 *
 * The script is made from the tree of commands and from the catalogue, so it can't know others. Only values that a
 * server knows (a person's tokens and repositories) are asked for: the script calls `completion --values`.
 */
import { Argument, type Command, Command as NewCommand, Option } from 'commander';
import { examples } from '../command-help.ts';
import { type ServerFlags, URL_OPTION } from '../connection.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { ASKED_VALUES, type AskedValues, SHELLS, type Shell } from './values.ts';

export function completionCommand(terminal: Terminal, program: Command): Command {
  const command = new NewCommand('completion')
    .description('print a script that completes commands, options and their values in a shell')
    .addArgument(new Argument('[SHELL]', 'the shell').choices(SHELLS))
    .addOption(new Option('--values <WHAT>', 'what the script asks a server for, one per line').choices(ASKED_VALUES))
    .option(...URL_OPTION)
    .action(async (shell: Shell | undefined, { values, ...flags }: ServerFlags & { values?: AskedValues }) => {
      if (values !== undefined) {
        const { askedValues } = await import('./asked-values.ts');
        for (const line of await askedValues(terminal, values, flags)) terminal.print(line);
      } else if (shell === undefined) {
        throw new UsageError(`name the shell: ${SHELLS.join(', ')}`);
      } else {
        const { completionScript } = await import('./scripts.ts');
        terminal.print(completionScript(program, shell));
      }
    });
  return examples(command, [
    'latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey',
    'latchkey completion zsh > "${fpath[1]}/_latchkey"',
    'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
  ]);
}
