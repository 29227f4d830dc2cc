/** `latchkey admin repo`: repositories and their collaborators. */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../catalogue/roles.ts';
import { VISIBILITIES, type Visibility } from '../../rules/model.ts';
import { sayEffects } from '../adoption-report.ts';
import { examples } from '../command-help.ts';
import type { Terminal } from '../terminal.ts';
import { adoptCommand, listCommand } from './adoption.ts';
import { fullNameOf, withData, withDataOptions } from './context.ts';
import { protectionCommand } from './protections.ts';

/** `add`, `import`, `adopt`, `list`, `collaborator`, `protection` and `archive`. */
export function repositoryCommand(terminal: Terminal): Command {
  const command = new Command('repo').description(
    'repositories: add, import, adopt, list, collaborator, protection, archive',
  );
  for (const verb of [
    addCommand,
    importCommand,
    adoptCommand,
    listCommand,
    collaboratorCommand,
    protectionCommand,
    archiveCommand,
  ])
    command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin repo add acme/site --public',
    'latchkey admin repo collaborator add acme/site grace --role write',
  ]);
}

type VisibilityFlags = Readonly<Partial<Record<Visibility, true>>>;

const SEEN_BY: Readonly<Record<Visibility, string>> = {
  public: 'everybody may read it',
  internal: 'everybody who has an account may read it',
  private: 'only those who were let in may see it; this is the default',
};

function withVisibilityOptions(command: Command): Command {
  for (const visibility of VISIBILITIES) {
    command.addOption(
      new Option(`--${visibility}`, SEEN_BY[visibility]).conflicts(
        VISIBILITIES.filter((other) => other !== visibility),
      ),
    );
  }
  return command;
}

const visibilityOf = (flags: VisibilityFlags): Visibility =>
  VISIBILITIES.find((visibility) => flags[visibility]) ?? 'private';

function addCommand(terminal: Terminal): Command {
  const command = withVisibilityOptions(
    new Command('add').description('make an empty repository').argument('<OWNER/NAME>', 'its name'),
  );
  command.action((fullName: string, flags: VisibilityFlags) => {
    const draft = { ...fullNameOf(fullName), visibility: visibilityOf(flags) };
    return withData(command, terminal, async (ctx, permit) => {
      const { addRepository } = await import('../../actions/repositories/repositories.ts');
      const repository = await addRepository(ctx, permit, draft);
      terminal.say(`added the ${repository.visibility} repository ${draft.owner}/${repository.name}`);
    });
  });
  return examples(withDataOptions(command), [
    'latchkey admin repo add acme/site',
    'latchkey admin repo add acme/handbook --internal',
  ]);
}

function importCommand(terminal: Terminal): Command {
  const command = withVisibilityOptions(
    new Command('import')
      .description('import a Git repository from this machine, with all its branches and tags')
      .argument('<OWNER/NAME>', 'its name here')
      .argument('<PATH>', 'where it lies; it is copied, unless it lies in its place already'),
  );
  command.action((fullName: string, path: string, flags: VisibilityFlags) => {
    const draft = { ...fullNameOf(fullName), path: resolve(path), visibility: visibilityOf(flags) };
    return withData(command, terminal, async (ctx, permit) => {
      const { importRepository } = await import('../../actions/repositories/repositories.ts');
      const { repository, effects } = await importRepository(ctx, permit, draft);
      terminal.say(
        `imported ${draft.path} as the ${repository.visibility} repository ${draft.owner}/${repository.name}`,
      );
      sayEffects(terminal, `${draft.owner}/${repository.name}`, effects);
    });
  });
  return examples(withDataOptions(command), [
    'latchkey admin repo import acme/site /srv/git/site.git',
    'latchkey admin repo import acme/tools ../tools --internal',
  ]);
}

function collaboratorCommand(terminal: Terminal): Command {
  const command = new Command('collaborator').description('who works in a repository: add, remove');
  command.addCommand(addCollaboratorCommand(terminal));
  command.addCommand(removeCollaboratorCommand(terminal));
  return examples(command, [
    'latchkey admin repo collaborator add acme/site grace --role write',
    'latchkey admin repo collaborator remove acme/site grace',
  ]);
}

function addCollaboratorCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('add a collaborator, or change their role')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<LOGIN>', 'who')
    .addOption(new Option('--role <ROLE>', 'their role').choices(REPOSITORY_ROLES).makeOptionMandatory())
    .action((fullName: string, login: string, { role }: { role: RepositoryRole }) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { setCollaborator } = await import('../../actions/repositories/repositories.ts');
        await setCollaborator(ctx, permit, { ...name, login, role });
        terminal.say(`${login} has the role ${role} in ${fullName} now`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo collaborator add acme/site grace --role write']);
}

function removeCollaboratorCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove a collaborator; their tokens lose access with the next request')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<LOGIN>', 'who')
    .action((fullName: string, login: string) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { removeCollaborator } = await import('../../actions/repositories/repositories.ts');
        await removeCollaborator(ctx, permit, { ...name, login });
        terminal.say(`${login} is no longer a collaborator of ${fullName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo collaborator remove acme/site grace']);
}

function archiveCommand(terminal: Terminal): Command {
  const command = new Command('archive')
    .description('make a repository read-only for everybody')
    .argument('<OWNER/NAME>', 'the repository')
    .action((fullName: string) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { archiveRepository } = await import('../../actions/repositories/repositories.ts');
        await archiveRepository(ctx, permit, name);
        terminal.say(`archived ${fullName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo archive acme/old-site']);
}
