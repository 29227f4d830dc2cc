/** `latchkey token cancel`: cancels what a token asked of organizations; what is granted stays. */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import type { Terminal } from '../terminal.ts';
import { REQUESTS, waitingOf } from './remind.ts';

export function cancelCommand(terminal: Terminal): Command {
  const command = new Command('cancel')
    .description("cancel your token's requests that organizations have not decided; what was granted stays")
    .argument('[ID]', "a token's number; left out: the one used here")
    .option(...URL_OPTION)
    .action(async (id: string | undefined, flags: ServerFlags) => {
      const client = connect(terminal, flags);
      for (const request of await waitingOf(client, terminal, id)) {
        await client.api(`${REQUESTS}/${request.id}`, { method: 'DELETE' });
        terminal.say(`cancelled what was asked of ${request.owner}`);
      }
    });
  return examples(command, ['latchkey token cancel', 'latchkey token cancel 12']);
}
