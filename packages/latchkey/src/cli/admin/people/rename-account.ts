/** `latchkey admin user rename` and `latchkey admin org rename`. */
import { Command } from 'commander';
import { examples } from '../../command-help.ts';
import { addSettingOptions } from '../../setting-options.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

const WORDS = {
  user: { verb: 'user', what: 'a person', line: 'ada lovelace' },
  organization: { verb: 'org', what: 'an organization', line: 'acme acme-labs' },
} as const;

export function renameAccountCommand(terminal: Terminal, kind: 'user' | 'organization'): Command {
  const { verb, what, line } = WORDS[kind];
  const command = new Command('rename')
    .description(
      `rename ${what}: tokens and roles stay, the old name redirects to the new one, and nobody else can take it ` +
        'for 90 days',
    )
    .argument('<NAME>', 'the name now')
    .argument('<NEW_NAME>', 'the new name')
    .action((login: string, to: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { accountOfKind, renameAccount } = await import('../../../actions/changes/renaming.ts');
        const account = await accountOfKind(ctx, permit, kind, login);
        const renamed = await renameAccount(ctx, permit, account, to);
        terminal.say(`${account.login} is called ${renamed.login} now`);
      }),
    );
  return examples(addSettingOptions(withDataOptions(command), ['publicUrl']), [
    `latchkey admin ${verb} rename ${line}`,
  ]);
}
