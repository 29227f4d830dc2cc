/** `latchkey whoami`: whose token is in use here, and what it is. */

import { Command } from 'commander';
import { spokenIso } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import type { Terminal } from '../terminal.ts';
import { CURRENT, type TokenAnswer } from './own-token.ts';

export function whoamiCommand(terminal: Terminal): Command {
  const command = new Command('whoami')
    .description('say whose token is used, and until when')
    .option(...URL_OPTION)
    .option('--json', 'as JSON')
    .action(async (flags: ServerFlags & { json?: true }) => {
      const client = connect(terminal, flags);
      const token = await client.api<TokenAnswer>(CURRENT);
      if (flags.json === true)
        return terminal.print(JSON.stringify({ url: client.address, login: token.owner.login, token }, null, 2));
      terminal.print(`${token.owner.login} at ${client.address}`);
      terminal.print(
        `token ${token.id} "${token.name}", ${token.kind}, ` +
          `${token.expires_at === null ? 'without an end' : `until ${spokenIso(token.expires_at)}`}`,
      );
    });
  return examples(command, [
    'latchkey whoami',
    'LATCHKEY_TOKEN=lkf_… latchkey whoami --url https://git.example.org --json',
  ]);
}
