/** `latchkey admin user delete`: the end of an account, and where goes what it owns. */
import { Command } from 'commander';
import type { RepositoriesThen } from '../../../actions/instance/account-deletion.ts';
import { examples } from '../../command-help.ts';
import { once } from '../../option-values.ts';
import { addSettingOptions } from '../../setting-options.ts';
import { type Terminal, UsageError } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

interface Choice {
  readonly withRepositories?: true;
  readonly repositoriesTo?: string;
}

export function deleteUserCommand(terminal: Terminal): Command {
  const command = new Command('delete')
    .description(
      'delete a person and their tokens, keys and sessions, for good; nobody can take the name for 90 days. To ' +
        'keep the account but stop its use, suspend it',
    )
    .argument('<LOGIN>', 'who')
    .option('--with-repositories', 'also delete the repositories they own')
    .option('--repositories-to <ACCOUNT>', 'the user or organization to give them to', once('--repositories-to'))
    .action((login: string, options: Choice) => {
      const repositories = choiceIn(options);
      return withData(command, terminal, async (ctx, permit) => {
        const { deleteUser } = await import('../../../actions/instance/account-deletion.ts');
        await deleteUser(ctx, permit, { login, repositories });
        terminal.say(`deleted ${login}`);
      });
    });
  return examples(addSettingOptions(withDataOptions(command), ['publicUrl']), [
    'latchkey admin user delete grace',
    'latchkey admin user delete grace --repositories-to acme',
    'latchkey admin user delete grace --with-repositories',
  ]);
}

function choiceIn({ withRepositories, repositoriesTo }: Choice): RepositoriesThen {
  if (withRepositories === true && repositoriesTo !== undefined)
    throw new UsageError(
      'repositories can be deleted or moved, not both',
      'leave out --with-repositories or --repositories-to',
    );
  if (repositoriesTo !== undefined) return { moveTo: repositoriesTo };
  return withRepositories === true ? 'delete' : 'none';
}
