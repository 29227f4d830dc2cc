/** `latchkey admin org`: organizations and their members. */
import { Command, Option } from 'commander';
import type { OrganizationRole } from '../../rules/model.ts';
import { examples } from '../command-help.ts';
import { once } from '../option-values.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';
import { groupCommand } from './organizations/groups.ts';
import { listAccountsCommand } from './people/list-accounts.ts';
import { renameAccountCommand } from './people/rename-account.ts';

const ROLES: readonly OrganizationRole[] = ['owner', 'member'];

/** `add`, `list`, `rename`, `member`, `group` and `delete`. */
export function organizationCommand(terminal: Terminal): Command {
  const command = new Command('org').description('organizations: add, list, rename, member, group, delete');
  command.addCommand(addCommand(terminal));
  command.addCommand(listAccountsCommand(terminal, 'organization'));
  command.addCommand(renameAccountCommand(terminal, 'organization'));
  command.addCommand(deleteCommand(terminal));
  command.addCommand(groupCommand(terminal));
  const member = new Command('member').description('who belongs to an organization: add, remove');
  member.addCommand(addMemberCommand(terminal));
  member.addCommand(removeMemberCommand(terminal));
  command.addCommand(
    examples(member, [
      'latchkey admin org member add acme grace --role owner',
      'latchkey admin org member remove acme grace',
    ]),
  );
  return examples(command, ['latchkey admin org add acme --owner ada', 'latchkey admin org member add acme grace']);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('add an organization with its first owner')
    .argument('<NAME>', 'its name')
    .requiredOption('--owner <LOGIN>', 'the person who owns it', once('--owner'))
    .action((name: string, { owner }: { owner: string }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { addOrganization } = await import('../../actions/accounts/accounts.ts');
        const organization = await addOrganization(ctx, permit, { name, owner });
        terminal.say(`added the organization ${organization.login}, owned by ${owner}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin org add acme --owner ada']);
}

function addMemberCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('add a member, or change their role')
    .argument('<ORG>', 'the organization')
    .argument('<LOGIN>', 'who')
    .addOption(new Option('--role <ROLE>', 'their role').choices(ROLES).default('member'))
    .action((organization: string, login: string, { role }: { role: OrganizationRole }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { setMember } = await import('../../actions/accounts/accounts.ts');
        await setMember(ctx, permit, { organization, login, role });
        terminal.say(`${login} is ${role === 'owner' ? 'an owner' : 'a member'} of ${organization} now`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin org member add acme grace',
    'latchkey admin org member add acme grace --role owner',
  ]);
}

function removeMemberCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove a member and their direct roles in its repositories, from the next request on')
    .argument('<ORG>', 'the organization')
    .argument('<LOGIN>', 'who')
    .option('--keep-roles', 'leave them their direct roles in its repositories')
    .action((organization: string, login: string, { keepRoles }: { keepRoles?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { removeFromOrganization } = await import('../../actions/organizations/departures.ts');
        const member = { organization, login, keepsRoles: keepRoles === true };
        const { removed, kept, tokens } = await removeFromOrganization(ctx, permit, member);
        terminal.say(`${login} no longer belongs to ${organization}`);
        if (removed > 0) terminal.say(`removed their roles in ${inRepositories(removed)}`);
        if (kept > 0) terminal.say(`${login} and their tokens still reach ${inRepositories(kept)}`);
        for (const { id, name } of tokens) terminal.say(`token ${id} still reaches it: ${JSON.stringify(name)}`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin org member remove acme grace',
    'latchkey admin org member remove acme grace --keep-roles',
  ]);
}

function inRepositories(count: number): string {
  return `${count} ${count === 1 ? 'repository' : 'repositories'} of it`;
}

function deleteCommand(terminal: Terminal): Command {
  const command = new Command('delete')
    .description('delete an organization, its repositories, teams and machine accounts, for good')
    .argument('<ORG>', 'the organization')
    .requiredOption('--confirm <ORG>', 'the same name again, as this can’t be undone', once('--confirm'))
    .action((organization: string, { confirm }: { confirm: string }) => {
      if (confirm.toLowerCase() !== organization.toLowerCase())
        throw new UsageError('the two names differ, so nothing was deleted', `repeat it: --confirm ${organization}`);
      return withData(command, terminal, async (ctx, permit) => {
        const { deleteOrganization, onOrganization } = await import('../../actions/organizations/organizations.ts');
        await deleteOrganization(ctx, await onOrganization(ctx, permit, organization));
        terminal.say(`deleted the organization ${organization}; nobody can take the name for 90 days`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin org delete acme --confirm acme']);
}
