/** `latchkey admin user`: people. */
import { Command } from 'commander';
import { Secret } from '../../../base/secret.ts';
import { examples } from '../../command-help.ts';
import { once } from '../../option-values.ts';
import { addSettingOptions } from '../../setting-options.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';
import { deleteUserCommand } from './delete-user.ts';
import { exportUserCommand } from './export-user.ts';
import { listAccountsCommand } from './list-accounts.ts';
import { renameAccountCommand } from './rename-account.ts';
import { showUserCommand } from './show-user.ts';

/** More than this on standard input isn't a password. The rules for passwords are in the actions. */
export const MAX_PASSWORD_INPUT_BYTES = 4096;

/** `add` to `delete`, as its description lists them. */
export function userCommand(terminal: Terminal): Command {
  const command = new Command('user').description(
    'people: add, list, show, export, rename, suspend, restore, lock, unlock, password, two-factor, delete',
  );
  command.addCommand(addCommand(terminal));
  command.addCommand(showUserCommand(terminal));
  command.addCommand(listAccountsCommand(terminal, 'user'));
  command.addCommand(exportUserCommand(terminal));
  command.addCommand(renameAccountCommand(terminal, 'user'));
  command.addCommand(suspendCommand(terminal));
  command.addCommand(restoreCommand(terminal));
  command.addCommand(lockCommand(terminal, 'lock'));
  command.addCommand(lockCommand(terminal, 'unlock'));
  command.addCommand(passwordCommand(terminal));
  command.addCommand(twoFactorCommand(terminal));
  command.addCommand(deleteUserCommand(terminal));
  return examples(command, [
    'latchkey admin user add ada --email ada@example.org --verified --password-stdin < password.txt',
    'latchkey admin user suspend ada',
  ]);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('add a person')
    .argument('<LOGIN>', 'the name to sign in with')
    .requiredOption('--email <ADDRESS>', 'e-mail address', once('--email'))
    .option('--verified', 'the address is known to be theirs; without this, they cannot have tokens')
    .option('--admin', 'may administer the instance')
    .option('--password-stdin', 'read the password from standard input; without it, nobody can sign in with one')
    .action(async (login: string, options: { email: string; verified?: true; admin?: true; passwordStdin?: true }) => {
      const password = options.passwordStdin === true ? await readPassword(terminal) : null;
      await withData(command, terminal, async (ctx, permit) => {
        const { addUser } = await import('../../../actions/accounts/accounts.ts');
        const user = await addUser(ctx, permit, {
          login,
          email: options.email,
          verified: options.verified === true,
          admin: options.admin === true,
          password,
        });
        terminal.say(`added the user ${user.login}${password === null ? ', without a password' : ''}`);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin user add ada --email ada@example.org --verified --password-stdin < password.txt',
    'latchkey admin user add robot --email robot@example.org --verified',
  ]);
}

function suspendCommand(terminal: Terminal): Command {
  const command = new Command('suspend')
    .description('suspend a person: all their tokens stop working at once')
    .argument('<LOGIN>', 'who')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { suspendUser } = await import('../../../actions/accounts/accounts.ts');
        await suspendUser(ctx, permit, login);
        terminal.say(`suspended ${login}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin user suspend ada']);
}

function restoreCommand(terminal: Terminal): Command {
  const command = new Command('restore')
    .description('end a suspension: their tokens work again')
    .argument('<LOGIN>', 'who')
    .option('--disabled-by-provider', 'undo a disabling by the identity provider, instead of a suspension')
    .action((login: string, { disabledByProvider }: { disabledByProvider?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const [{ restoreUser }, { liftProviderFlag }] = await Promise.all([
          import('../../../actions/accounts/accounts.ts'),
          import('../../../actions/identity/provider-flag.ts'),
        ]);
        await (disabledByProvider === true ? liftProviderFlag : restoreUser)(ctx, permit, login);
        terminal.say(`restored ${login}`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin user restore ada',
    'latchkey admin user restore ada --disabled-by-provider',
  ]);
}

function lockCommand(terminal: Terminal, verb: 'lock' | 'unlock'): Command {
  const does = {
    lock:
      'lock an account that somebody else may be in: sessions end, tokens are frozen, and a new password is mailed ' +
      'for',
    unlock: 'unlock an account: its tokens work again',
  };
  const command = new Command(verb)
    .description(does[verb])
    .argument('<LOGIN>', 'who')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { lockUser, unlockUser } = await import('../../../actions/accounts/locks.ts');
        await (verb === 'lock' ? lockUser : unlockUser)(ctx, permit, login);
        terminal.say(`${verb}ed ${login}`);
      }),
    );
  return examples(addSettingOptions(withDataOptions(command), ['publicUrl']), [`latchkey admin user ${verb} ada`]);
}

function passwordCommand(terminal: Terminal): Command {
  const command = new Command('password')
    .description('print a link to choose a new password; it works once, within an hour')
    .argument('<LOGIN>', 'who')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { handPasswordLink } = await import('../../../actions/accounts/new-password.ts');
        terminal.print(ctx.settings.publicUrl + (await handPasswordLink(ctx, permit, login)));
      }),
    );
  return examples(addSettingOptions(withDataOptions(command), ['publicUrl']), [
    'latchkey admin user password ada --public-url https://git.example.org',
  ]);
}

function twoFactorCommand(terminal: Terminal): Command {
  const command = new Command('two-factor')
    .description(
      'turn off the two-factor authentication of someone who lost the app and the recovery codes; their sessions end',
    )
    .argument('<LOGIN>', 'who')
    .requiredOption('--off', 'turn it off')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { resetTwoFactor } = await import('../../../actions/accounts/two-factor.ts');
        await resetTwoFactor(ctx, permit, login);
        terminal.say(`switched off the two-factor authentication of ${login}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin user two-factor ada --off']);
}

/** Standard input without the single line end that an editor or `echo` adds. */
async function readPassword(terminal: Terminal): Promise<Secret> {
  return new Secret((await terminal.readInput(MAX_PASSWORD_INPUT_BYTES)).replace(/\r?\n$/, ''));
}
