/** `latchkey token permissions`: what each permission opens at each level, in the server's sentences. */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import { alignedTable } from '../table.ts';
import { type Terminal, UsageError } from '../terminal.ts';

type Flags = ServerFlags & { readonly json?: true };

interface PermissionAnswer {
  readonly name: string;
  readonly title: string;
  readonly levels: readonly { readonly level: string; readonly sentence: string }[];
}

export function permissionsCommand(terminal: Terminal): Command {
  const command = new Command('permissions')
    .description('what each permission opens, and what that risks')
    .argument('[WORDS...]', 'only permissions whose name or sentence has all these words')
    .option(...URL_OPTION)
    .option('--json', 'as JSON')
    .action(async (words: readonly string[], flags: Flags) => {
      const all = await connect(terminal, flags).api<PermissionAnswer[]>('/permissions');
      const found = all.filter((permission) => has(permission, words));
      if (flags.json === true) return terminal.print(JSON.stringify(found, null, 2));
      if (found.length === 0)
        throw new UsageError(`no permission has ${words.join(' ')}`, 'latchkey token permissions lists them all');
      const rows = found.flatMap(({ name, levels }) =>
        levels.map(({ level, sentence }) => ({ permission: `${name}=${level}`, what_it_opens: sentence })),
      );
      for (const line of alignedTable(['permission', 'what_it_opens'], rows)) terminal.print(line);
    });
  return examples(command, ['latchkey token permissions', 'latchkey token permissions push']);
}

function has({ name, title, levels }: PermissionAnswer, words: readonly string[]): boolean {
  const text = [name, title, ...levels.map(({ sentence }) => sentence)].join(' ').toLowerCase();
  return words.every((word) => text.includes(word.toLowerCase()));
}
