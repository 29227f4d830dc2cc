/** `latchkey admin team`: teams of an organization, who is in them, and what they may do in repositories. */
import { Command, Option } from 'commander';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../../catalogue/roles.ts';
import type { TeamRole } from '../../../rules/model.ts';
import { examples } from '../../command-help.ts';
import { once } from '../../option-values.ts';
import { type Terminal, UsageError } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

const ORG = ['<ORG>', 'the organization'] as const;
const TEAM = ['<TEAM>', 'its short name, as in its address'] as const;
const privacyOption = (): Option =>
  new Option('--privacy <WHO>', 'who can see it: every member, or only its members and the owners').choices([
    'closed',
    'secret',
  ]);

/** `add`, `change`, `list`, `show`, `delete`, `member` and `repo`. */
export function teamCommand(terminal: Terminal): Command {
  const command = new Command('team').description(
    'teams of organizations: add, change, list, show, delete, member, repo',
  );
  for (const each of [addCommand, changeCommand, listCommand, showCommand, deleteCommand])
    command.addCommand(each(terminal));
  const member = new Command('member').description('who is in a team: add, remove');
  member.addCommand(addMemberCommand(terminal));
  member.addCommand(removeMemberCommand(terminal));
  command.addCommand(examples(member, ['latchkey admin team member add acme core grace --role maintainer']));
  const repository = new Command('repo').description('what a team may do in repositories: give, take');
  repository.addCommand(giveCommand(terminal));
  repository.addCommand(takeCommand(terminal));
  command.addCommand(examples(repository, ['latchkey admin team repo give acme core site --role write']));
  return examples(command, [
    'latchkey admin team add acme "Core team"',
    'latchkey admin team member add acme core-team grace',
    'latchkey admin team repo give acme core-team site --role write',
  ]);
}

interface Wish {
  readonly name?: string;
  readonly description?: string;
  readonly privacy?: 'closed' | 'secret';
  readonly parent?: string;
  readonly top?: true;
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('make a team')
    .argument(...ORG)
    .argument('<NAME>', 'what people read; its short name is made from it')
    .option('--description <TEXT>', 'what it is for', once('--description'))
    .option('--parent <TEAM>', 'the team above it, whose roles it gets, too', once('--parent'))
    .addOption(privacyOption())
    .action((organization: string, name: string, { description, parent, privacy }: Wish) =>
      withData(command, terminal, async (ctx, permit) => {
        const { createTeam } = await import('../../../actions/organizations/teams/tree.ts');
        const isSecret = privacy === 'secret';
        const draft = { organization, name, isSecret, description: description ?? '', parent: parent ?? null };
        const team = await createTeam(ctx, permit, draft);
        terminal.say(`made the team ${team.slug} in ${organization}`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin team add acme "Core team"',
    'latchkey admin team add acme Reviewers --parent core-team',
  ]);
}

function changeCommand(terminal: Terminal): Command {
  const command = new Command('change')
    .description('change a team; what you leave out stays')
    .argument(...ORG)
    .argument(...TEAM)
    .option('--name <NAME>', 'its new name; the short name changes with it', once('--name'))
    .option('--description <TEXT>', 'what it is for', once('--description'))
    .option('--parent <TEAM>', 'the new team above it', once('--parent'))
    .option('--top', 'put no team above it any more')
    .addOption(privacyOption())
    .action((organization: string, team: string, { name, description, privacy, parent, top }: Wish) => {
      if (top === true && parent !== undefined)
        throw new UsageError('a team is at the top or below another, not both', 'leave out --top or --parent');
      return withData(command, terminal, async (ctx, permit) => {
        const { changeTeam } = await import('../../../actions/organizations/teams/tree.ts');
        const change = {
          name,
          description,
          isSecret: privacy === undefined ? undefined : privacy === 'secret',
          parent: top === true ? null : parent,
        };
        const { slug } = await changeTeam(ctx, permit, { organization, team }, change);
        terminal.say(`changed the team ${slug}`);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin team change acme core-team --name Core',
    'latchkey admin team change acme reviewers --top',
  ]);
}

/** Rows that are read at a time. */
const AT_ONCE = 500;

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('print the short names of all teams of an organization, sorted')
    .argument(...ORG)
    .action((organization: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { listTeams } = await import('../../../actions/organizations/teams/teams.ts');
        for (let after = ''; ; ) {
          const teams = await listTeams(ctx, permit, { organization }, { after, skip: 0, limit: AT_ONCE });
          for (const { slug } of teams) terminal.print(slug);
          if (teams.length < AT_ONCE) return;
          after = teams.at(-1)?.slug ?? '';
        }
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin team list acme']);
}

function showCommand(terminal: Terminal): Command {
  const command = new Command('show')
    .description('print a team with its members and its roles in repositories, as JSON')
    .argument(...ORG)
    .argument(...TEAM)
    .action((organization: string, slug: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { readTeam } = await import('../../../actions/organizations/teams/teams.ts');
        const { listTeamMembers } = await import('../../../actions/organizations/teams/members.ts');
        const { listTeamRepositories } = await import('../../../actions/organizations/teams/repositories.ts');
        const name = { organization, team: slug };
        const { team, above } = await readTeam(ctx, permit, name);
        const members: object[] = [];
        for (let afterId = 0; ; ) {
          const people = await listTeamMembers(ctx, permit, name, null, { afterId, skip: 0, limit: AT_ONCE });
          members.push(...people.map(({ account, role }) => ({ login: account.login, role })));
          if (people.length < AT_ONCE) break;
          afterId = people.at(-1)?.account.id ?? 0;
        }
        const places: object[] = [];
        for (let afterId: number | null = 0; afterId !== null; ) {
          const { repositories, next }: Awaited<ReturnType<typeof listTeamRepositories>> = await listTeamRepositories(
            ctx,
            permit,
            name,
            { afterId, skip: 0, limit: AT_ONCE },
          );
          places.push(
            ...repositories.map(({ view, role, isInherited }) => ({
              repository: view.repository.name,
              role,
              by_team_above: isInherited,
            })),
          );
          afterId = next;
        }
        const shown = {
          slug: team.slug,
          name: team.name,
          description: team.description,
          privacy: team.isSecret ? 'secret' : 'closed',
          above: above.map((each) => each.slug),
          members,
          repositories: places,
        };
        terminal.print(JSON.stringify(shown, null, 2));
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin team show acme core-team']);
}

function deleteCommand(terminal: Terminal): Command {
  const command = new Command('delete')
    .description('delete a team and the teams below it; the roles they gave end with the next request')
    .argument(...ORG)
    .argument(...TEAM)
    .action((organization: string, team: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { deleteTeam } = await import('../../../actions/organizations/teams/tree.ts');
        await deleteTeam(ctx, permit, { organization, team });
        terminal.say(`deleted the team ${team}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin team delete acme core-team']);
}

function addMemberCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('add a member of the organization, or change their role in the team')
    .argument(...ORG)
    .argument(...TEAM)
    .argument('<LOGIN>', 'who')
    .addOption(new Option('--role <ROLE>', 'their role').choices(['member', 'maintainer']).default('member'))
    .action((organization: string, team: string, login: string, { role }: { role: TeamRole }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { setTeamMember } = await import('../../../actions/organizations/teams/members.ts');
        await setTeamMember(ctx, permit, { organization, team }, { login, role });
        terminal.say(`${login} is a ${role} of ${team} now`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin team member add acme core-team grace',
    'latchkey admin team member add acme core-team grace --role maintainer',
  ]);
}

function removeMemberCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove someone from a team; the roles it gave them end with the next request')
    .argument(...ORG)
    .argument(...TEAM)
    .argument('<LOGIN>', 'who')
    .action((organization: string, team: string, login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { removeTeamMember } = await import('../../../actions/organizations/teams/members.ts');
        await removeTeamMember(ctx, permit, { organization, team }, login);
        terminal.say(`${login} is no longer in ${team}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin team member remove acme core-team grace']);
}

function giveCommand(terminal: Terminal): Command {
  const command = new Command('give')
    .description('give a team a role in a repository of the organization, or change its role')
    .argument(...ORG)
    .argument(...TEAM)
    .argument('<REPO>', 'the repository')
    .addOption(new Option('--role <ROLE>', 'the role').choices(REPOSITORY_ROLES).default('read'))
    .action((organization: string, team: string, name: string, { role }: { role: RepositoryRole }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { setTeamRole } = await import('../../../actions/organizations/teams/repositories.ts');
        await setTeamRole(ctx, permit, { organization, team, owner: organization, name }, role);
        terminal.say(`${team} has the role ${role} in ${organization}/${name} now`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin team repo give acme core-team site --role write']);
}

function takeCommand(terminal: Terminal): Command {
  const command = new Command('take')
    .description('remove the role of a team in a repository')
    .argument(...ORG)
    .argument(...TEAM)
    .argument('<REPO>', 'the repository')
    .action((organization: string, team: string, name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { removeTeamRole } = await import('../../../actions/organizations/teams/repositories.ts');
        await removeTeamRole(ctx, permit, { organization, team, owner: organization, name });
        terminal.say(`${team} has no role of its own in ${organization}/${name} any more`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin team repo take acme core-team site']);
}
