/**
 * `latchkey admin org policy`: shows and changes what an organization allows, even a policy that shuts everybody out.
 */
import { Command, Option } from 'commander';
import type { PolicyChange } from '../../actions/organizations/policies.ts';
import { TOKEN_KINDS, type TokenKind } from '../../rules/model.ts';
import { examples } from '../command-help.ts';
import type { Terminal } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

interface PolicyOptions {
  readonly anyAddress?: true;
  readonly address?: readonly string[];
  readonly allow?: readonly TokenKind[];
  readonly anyLifetime?: true;
  readonly sso?: 'on' | 'off';
  readonly anyFactor?: true;
}

export function policyCommand(terminal: Terminal): Command {
  const command = new Command('policy')
    .description('show what an organization allows, as JSON; with options, change it first')
    .argument('<ORG>', 'the organization')
    .addOption(new Option('--any-address', 'take the address list away').conflicts('address'))
    .option('--address <CIDR...>', 'only from these addresses')
    .addOption(new Option('--allow <KIND...>', 'allow tokens of these kinds').choices(TOKEN_KINDS))
    .option('--any-lifetime', 'take maximum lifetimes away')
    .addOption(new Option('--sso <SWITCH>', 'members and their tokens must pass single sign-on').choices(['on', 'off']))
    .option('--any-factor', 'demand two-factor authentication no longer')
    .action((organization: string, options: PolicyOptions) =>
      withData(command, terminal, async (ctx, permit) => {
        const { changePolicy, readPolicy } = await import('../../actions/organizations/policies.ts');
        const change = changeOf(options);
        const policy = await (Object.keys(change).length === 0
          ? readPolicy(ctx, permit, organization)
          : changePolicy(ctx, permit, organization, change));
        terminal.print(JSON.stringify(policy.chosen, null, 2));
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin org policy acme',
    'latchkey admin org policy acme --any-address',
    'latchkey admin org policy acme --address 192.0.2.0/24 --allow classic',
  ]);
}

function changeOf({ anyAddress, address, allow, anyLifetime, sso, anyFactor }: PolicyOptions): PolicyChange {
  return {
    ...(anyAddress === true ? { allowedAddresses: null } : address === undefined ? {} : { allowedAddresses: address }),
    ...(allow === undefined ? {} : { allowed: Object.fromEntries(allow.map((kind) => [kind, true])) }),
    ...(anyLifetime === true ? { maxLifetimeDays: { 'fine-grained': null, classic: null, scoped: null } } : {}),
    ...(anyFactor === true ? { twoFactorFrom: null } : {}),
    ...(sso === undefined ? {} : { requiresSso: sso === 'on' }),
  };
}
