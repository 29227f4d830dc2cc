/** `latchkey admin user show`: one person, and who keeps them out. */
import { Command } from 'commander';
import { spokenInstant } from '../../../base/time.ts';
import { examples } from '../../command-help.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

export function showUserCommand(terminal: Terminal): Command {
  const command = new Command('show')
    .description('show a person: addresses, linked identities, tokens, and what keeps them from signing in')
    .argument('<LOGIN>', 'who')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { showPerson } = await import('../../../actions/accounts/people.ts');
        const { account, emails, identities, tokens } = await showPerson(ctx, permit, login);
        const rows: readonly (readonly [string, string | null])[] = [
          ['login', account.login],
          ['name', account.name || null],
          ['administrator', account.admin ? 'yes' : 'no'],
          ['made', spokenInstant(account.createdAt)],
          ['suspended by an administrator', instantOrNo(account.suspendedAt)],
          ['disabled by an identity provider', instantOrNo(account.disabledByProviderAt)],
          ['locked', instantOrNo(account.lockedAt)],
          ['two-factor authentication', account.twoFactorAt === null ? 'no' : 'yes'],
          ...emails.map(
            ({ address, verifiedAt }) =>
              ['e-mail', verifiedAt === null ? `${address} (not verified)` : address] as const,
          ),
          ...identities.map(({ issuer, label }) => ['identity', `${label} at ${issuer}`] as const),
          ['tokens that were not revoked', String(tokens)],
        ];
        const width = Math.max(...rows.map(([name]) => name.length));
        for (const [name, value] of rows) if (value !== null) terminal.print(`${name.padEnd(width)}  ${value}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin user show ada']);
}

function instantOrNo(at: number | null): string {
  return at === null ? 'no' : `since ${spokenInstant(at)}`;
}
