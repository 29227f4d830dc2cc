/** `latchkey admin user export`: what is known of a person, as one file for them. */
import { Command } from 'commander';
import { examples } from '../../command-help.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

export function exportUserCommand(terminal: Terminal): Command {
  const command = new Command('export')
    .description('print everything stored about a person except secrets, and their entries in the log, as JSON')
    .argument('<LOGIN>', 'who')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { knownOf } = await import('../../../actions/changes/known.ts');
        const { accountOfKind } = await import('../../../actions/changes/renaming.ts');
        const person = await accountOfKind(ctx, permit, 'user', login);
        let line = '';
        for await (const piece of knownOf(ctx, permit, person)) {
          const lines = (line + piece).split('\n');
          line = lines.pop() ?? '';
          for (const each of lines) terminal.print(each);
        }
        terminal.say(`took out what is known of ${person.login}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin user export ada > ada.json']);
}
