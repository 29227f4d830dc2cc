/** `latchkey admin user list` and `latchkey admin org list`. */
import { Command } from 'commander';
import { isoInstant } from '../../../base/time.ts';
import { examples } from '../../command-help.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

const WORDS = {
  user: { verb: 'user', what: 'the logins of all people' },
  organization: { verb: 'org', what: 'the names of all organizations' },
} as const;

export function listAccountsCommand(terminal: Terminal, kind: 'user' | 'organization'): Command {
  const { verb, what } = WORDS[kind];
  const command = new Command('list')
    .description(`print ${what}, sorted`)
    .option('--json', 'print an array with everything known about each')
    .action(({ json }: { json?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { everyAccount } = await import('../../../actions/accounts/people.ts');
        const all = await everyAccount(ctx, permit, kind);
        if (json !== true) for (const { login } of all) terminal.print(login);
        else terminal.print(JSON.stringify(all.map(kind === 'user' ? personRow : organizationRow), null, 2));
      }),
    );
  const line = `latchkey admin ${verb} list`;
  return examples(withDataOptions(command), [line, `${line} --json`]);
}

type Row = Awaited<ReturnType<typeof import('../../../actions/accounts/people.ts')['everyAccount']>>[number];

const instant = (at: number | null): string | null => (at === null ? null : isoInstant(at));

const organizationRow = ({ id, login, name, createdAt }: Row): object => ({
  id,
  login,
  name,
  created_at: instant(createdAt),
});

const personRow = (row: Row): object => ({
  ...organizationRow(row),
  admin: row.admin,
  two_factor: row.twoFactorAt !== null,
  suspended_at: instant(row.suspendedAt),
  disabled_by_provider_at: instant(row.disabledByProviderAt),
  locked_at: instant(row.lockedAt),
});
