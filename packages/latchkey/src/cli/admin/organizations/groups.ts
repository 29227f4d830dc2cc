/** `latchkey admin org group`: which groups of providers and directories give memberships, roles and teams. */
import { Command, Option } from 'commander';
import { examples } from '../../command-help.ts';
import { once } from '../../option-values.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';
import { numbers } from './rows.ts';

interface AddOptions {
  readonly role: 'owner' | 'member';
  readonly team?: string;
  readonly teamRole: 'member' | 'maintainer';
}

/** `add`, `list` and `remove`. */
export function groupCommand(terminal: Terminal): Command {
  const command = new Command('group').description(
    'groups of identity providers and directories that give a membership, role or team: add, list, remove',
  );
  command.addCommand(addCommand(terminal));
  command.addCommand(listCommand(terminal));
  command.addCommand(removeCommand(terminal));
  return examples(command, [
    'latchkey admin org group add acme directory/entra Engineers --team engineers',
    'latchkey admin org group list acme',
  ]);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('give everyone in a group a membership and, if you like, a team')
    .argument('<ORG>', 'the organization')
    .argument('<SOURCE>', 'provider/NAME or directory/NAME')
    .argument('<GROUP>', 'its exact name or number')
    .addOption(new Option('--role <ROLE>', 'in the organization').choices(['member', 'owner']).default('member'))
    .option('--team <SLUG>', 'also add them to this team', once('--team'))
    .addOption(new Option('--team-role <ROLE>', 'in the team').choices(['member', 'maintainer']).default('member'))
    .action((organization: string, source: string, group: string, options: AddOptions) =>
      withData(command, terminal, async (ctx, permit) => {
        const { addGroupRule } = await import('../../../actions/provisioning/group-rules.ts');
        const { onOrganization } = await import('../../../actions/organizations/organizations.ts');
        const { rule } = await addGroupRule(ctx, await onOrganization(ctx, permit, organization), {
          source,
          group,
          role: options.role,
          team: options.team ?? null,
          teamRole: options.teamRole,
        });
        terminal.say(`rule ${rule.id}: whoever is in ${rule.group} is in ${organization}`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin org group add acme directory/entra Engineers --team engineers',
    'latchkey admin org group add acme provider/keycloak /admins --role owner',
  ]);
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('print the rules of an organization as JSON, with the sources that groups may come from')
    .argument('<ORG>', 'the organization')
    .action((organization: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { readGroupRules } = await import('../../../actions/provisioning/group-rules.ts');
        const { onOrganization } = await import('../../../actions/organizations/organizations.ts');
        const { rules, sources } = await readGroupRules(ctx, await onOrganization(ctx, permit, organization));
        const rows = rules.map(({ rule, source, team }) => ({
          id: rule.id,
          source: source?.name ?? null,
          group: rule.group,
          role: rule.role,
          team: team?.slug ?? null,
          team_role: rule.team?.role ?? null,
        }));
        terminal.print(JSON.stringify({ rules: rows, sources: sources.map(({ name }) => name) }, null, 2));
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin org group list acme']);
}

function removeCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove a rule; the people it brought leave')
    .argument('<ORG>', 'the organization')
    .argument('<ID>', 'of the rule, as list prints it')
    .action((organization: string, id: string) => {
      const [ruleId = 0] = numbers([id], 'the id of a rule');
      return withData(command, terminal, async (ctx, permit) => {
        const { removeGroupRule } = await import('../../../actions/provisioning/group-rules.ts');
        const { onOrganization } = await import('../../../actions/organizations/organizations.ts');
        await removeGroupRule(ctx, await onOrganization(ctx, permit, organization), ruleId);
        terminal.say(`removed rule ${ruleId}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin org group remove acme 3']);
}
