/**
 * `latchkey admin policy`: what an organization, or the whole instance, allows; even a policy that shuts everybody out.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { PolicyChange } from '../../../actions/organizations/policies.ts';
import { BASE_PERMISSIONS, type BasePermission } from '../../../catalogue/roles.ts';
import { TOKEN_KINDS, type TokenKind } from '../../../rules/model.ts';
import { examples } from '../../command-help.ts';
import { type Terminal, UsageError } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

type Switch = 'on' | 'off';
type Lifetimes = Partial<Record<TokenKind, number>>;

interface PolicyOptions {
  readonly allow?: readonly TokenKind[];
  readonly forbid?: readonly TokenKind[];
  readonly maxDays?: Lifetimes;
  readonly anyLifetime?: true;
  readonly approval?: Switch;
  readonly exemptAdministrators?: Switch;
  readonly address?: readonly string[];
  readonly anyAddress?: true;
  readonly sso?: Switch;
  readonly ssoProvider?: string;
  readonly twoFactorFrom?: number;
  readonly anyFactor?: true;
  readonly basePermission?: BasePermission;
}

/** `show` and `set`. */
export function policyCommand(terminal: Terminal): Command {
  const command = new Command('policy').description('what an organization, or the whole instance, allows: show, set');
  command.addCommand(showCommand(terminal));
  command.addCommand(setCommand(terminal));
  return examples(command, ['latchkey admin policy show acme', 'latchkey admin policy set acme --forbid classic']);
}

const ORG = ['[ORG]', 'the organization; left out, the whole instance'] as const;

function showCommand(terminal: Terminal): Command {
  const command = new Command('show')
    .description('print what was chosen and what is in force, as JSON')
    .argument(...ORG)
    .action((organization: string | undefined) =>
      withData(command, terminal, async (ctx, permit) => {
        const { readPolicy } = await import('../../../actions/organizations/policies.ts');
        const { chosen, effective } = await readPolicy(ctx, permit, organization ?? null);
        terminal.print(JSON.stringify({ chosen, effective }, null, 2));
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin policy show', 'latchkey admin policy show acme']);
}

const switchOption = (flag: string, about: string): Option =>
  new Option(`${flag} <SWITCH>`, about).choices(['on', 'off']);

function setCommand(terminal: Terminal): Command {
  const command = new Command('set')
    .description('change it, and print the result; what you leave out stays')
    .argument(...ORG)
    .addOption(new Option('--allow <KIND...>', 'allow tokens of these kinds').choices(TOKEN_KINDS))
    .addOption(new Option('--forbid <KIND...>', 'forbid tokens of these kinds').choices(TOKEN_KINDS))
    .addOption(
      new Option('--max-days <KIND=DAYS...>', 'the longest lifetime of tokens of a kind')
        .argParser(lifetimes)
        .conflicts('anyLifetime'),
    )
    .option('--any-lifetime', 'remove the maximum lifetimes')
    .addOption(switchOption('--approval', 'an owner must approve fine-grained tokens'))
    .addOption(switchOption('--exempt-administrators', 'lifetimes don’t hold for administrators; instance only'))
    .addOption(new Option('--address <CIDR...>', 'only from these addresses').conflicts('anyAddress'))
    .option('--any-address', 'remove the address list')
    .addOption(switchOption('--sso', 'members and their tokens must pass single sign-on'))
    .option('--sso-provider <NAME>', 'the identity provider through which members prove who they are, or none')
    .addOption(
      new Option('--two-factor-from <DATE>', 'require a second factor from this day on, in UTC')
        .argParser(dayIn)
        .conflicts('anyFactor'),
    )
    .option('--any-factor', 'no longer require two-factor authentication')
    .addOption(
      new Option('--base-permission <LEVEL>', 'what every member may do in each repository').choices(BASE_PERMISSIONS),
    )
    .action((organization: string | undefined, options: PolicyOptions) => {
      const change = changeOf(options);
      if (Object.keys(change).length === 0) throw new UsageError('say what changes', 'for example: --forbid classic');
      return withData(command, terminal, async (ctx, permit) => {
        const { changePolicy } = await import('../../../actions/organizations/policy-change.ts');
        const { chosen, effective } = await changePolicy(ctx, permit, organization ?? null, change);
        terminal.print(JSON.stringify({ chosen, effective }, null, 2));
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin policy set --forbid classic --max-days fine-grained=366',
    'latchkey admin policy set acme --address 192.0.2.0/24 --approval on',
    'latchkey admin policy set acme --any-address --sso off',
  ]);
}

function lifetimes(text: string, before: Lifetimes = {}): Lifetimes {
  const [kind = '', days = '', ...rest] = text.split('=');
  const known = TOKEN_KINDS.find((one) => one === kind);
  if (known === undefined || !/^\d{1,4}$/.test(days) || rest.length > 0)
    throw new InvalidArgumentError(`It is a kind and a number of days: ${TOKEN_KINDS[0]}=366.`);
  return { ...before, [known]: Number(days) };
}

function dayIn(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('A day is given as 2026-11-21.');
  return at / 1000;
}

function changeOf(options: PolicyOptions): PolicyChange {
  const { allow = [], forbid = [], approval, exemptAdministrators, sso, ssoProvider, basePermission } = options;
  const both = allow.find((kind) => forbid.includes(kind));
  if (both !== undefined) throw new UsageError(`${both} can't be both allowed and forbidden`);
  const kinds = [...allow.map((kind) => [kind, true]), ...forbid.map((kind) => [kind, false])];
  const maxLifetimeDays =
    options.anyLifetime === true ? { 'fine-grained': null, classic: null, scoped: null } : options.maxDays;
  const allowedAddresses = options.anyAddress === true ? null : options.address;
  const twoFactorFrom = options.anyFactor === true ? null : options.twoFactorFrom;
  return {
    ...(kinds.length === 0 ? {} : { allowed: Object.fromEntries(kinds) as PolicyChange['allowed'] & object }),
    ...(maxLifetimeDays === undefined ? {} : { maxLifetimeDays }),
    ...(approval === undefined ? {} : { requiresApproval: approval === 'on' }),
    ...(exemptAdministrators === undefined ? {} : { exemptAdministrators: exemptAdministrators === 'on' }),
    ...(allowedAddresses === undefined ? {} : { allowedAddresses }),
    ...(sso === undefined ? {} : { requiresSso: sso === 'on' }),
    ...(ssoProvider === undefined ? {} : { ssoProvider: ssoProvider === 'none' ? null : ssoProvider }),
    ...(twoFactorFrom === undefined ? {} : { twoFactorFrom }),
    ...(basePermission === undefined ? {} : { basePermission }),
  };
}
