/** `latchkey admin repo`: repositories and their collaborators. */
import { Command, Option } from 'commander';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../../catalogue/roles.ts';
import { examples } from '../../command-help.ts';
import { once } from '../../option-values.ts';
import { type Terminal, UsageError } from '../../terminal.ts';
import { fullNameOf, withData, withDataOptions } from '../context.ts';
import { adoptCommand, listCommand } from './adoption.ts';
import { importCommand } from './imports.ts';
import { mirrorCommand } from './mirrors.ts';
import { protectionCommand } from './protections.ts';
import { type VisibilityFlags, visibilityOf, withVisibilityOptions } from './visibility.ts';

/** `add` to `delete`, and what a repository has. */
export function repositoryCommand(terminal: Terminal): Command {
  const command = new Command('repo').description(
    'repositories: add, import, adopt, list, collaborator, protection, mirror, archive, rename, transfer, delete',
  );
  for (const verb of [
    addCommand,
    importCommand,
    adoptCommand,
    listCommand,
    collaboratorCommand,
    protectionCommand,
    mirrorCommand,
    archiveCommand,
    renameCommand,
    transferCommand,
    deleteCommand,
  ])
    command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin repo add acme/site --public',
    'latchkey admin repo collaborator add acme/site grace --role write',
  ]);
}

interface AddFlags extends VisibilityFlags {
  readonly objectFormat: 'sha1' | 'sha256';
  readonly defaultBranch?: string;
}

function addCommand(terminal: Terminal): Command {
  const command = withVisibilityOptions(
    new Command('add')
      .description('make an empty repository')
      .argument('<OWNER/NAME>', 'its name')
      .addOption(
        new Option('--object-format <FORMAT>', 'the hash by which git names its objects, for good')
          .choices(['sha1', 'sha256'])
          .default('sha1'),
      )
      .option('--default-branch <BRANCH>', 'its default branch; left out: its owner’s', once('--default-branch')),
  );
  command.action((fullName: string, flags: AddFlags) => {
    const { objectFormat, defaultBranch } = flags;
    const draft = { ...fullNameOf(fullName), visibility: visibilityOf(flags), objectFormat, defaultBranch };
    return withData(command, terminal, async (ctx, permit) => {
      const { addRepository } = await import('../../../actions/repositories/repositories.ts');
      const repository = await addRepository(ctx, permit, draft);
      terminal.say(`added the ${repository.visibility} repository ${draft.owner}/${repository.name}`);
    });
  });
  return examples(withDataOptions(command), [
    'latchkey admin repo add acme/site',
    'latchkey admin repo add acme/handbook --internal',
    'latchkey admin repo add acme/vault --object-format sha256 --default-branch trunk',
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
        const { setCollaborator } = await import('../../../actions/repositories/repositories.ts');
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
        const { removeCollaborator } = await import('../../../actions/repositories/repositories.ts');
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
        const { archiveRepository } = await import('../../../actions/repositories/repositories.ts');
        await archiveRepository(ctx, permit, name);
        terminal.say(`archived ${fullName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo archive acme/old-site']);
}

function renameCommand(terminal: Terminal): Command {
  const command = new Command('rename')
    .description('rename a repository; the old name redirects to it until someone takes that name')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<NEW-NAME>', 'its new name, without its owner')
    .action((fullName: string, newName: string) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { onRepository } = await import('../../../actions/repositories/transfers.ts');
        const { changeRepository } = await import('../../../actions/repositories/changes.ts');
        await changeRepository(ctx, await onRepository(ctx, permit, name), { name: newName });
        terminal.say(`renamed ${fullName} to ${name.owner}/${newName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo rename acme/site website']);
}

function transferCommand(terminal: Terminal): Command {
  const command = new Command('transfer')
    .description(
      'transfer a repository to another owner; its old address redirects, and tokens that selected it lose it, ' +
        'unless their resource owner is the new one',
    )
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<NEW-OWNER>', 'the user or organization to give it to')
    .option('--name <NAME>', 'its new name there; left out: the same', once('--name'))
    .action((fullName: string, newOwner: string, { name: newName }: { name?: string }) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { onRepository, transferRepository } = await import('../../../actions/repositories/transfers.ts');
        const on = await onRepository(ctx, permit, name);
        const { owner, repository } = await transferRepository(ctx, on, { newOwner, newName });
        terminal.say(`${fullName} is ${owner.login}/${repository.name} now`);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin repo transfer grace/tools acme',
    'latchkey admin repo transfer grace/tools acme --name build-tools',
  ]);
}

function deleteCommand(terminal: Terminal): Command {
  const command = new Command('delete')
    .description('delete a repository and everything in it, for good')
    .argument('<OWNER/NAME>', 'the repository')
    .requiredOption('--confirm <OWNER/NAME>', 'the same name again, as this can’t be undone', once('--confirm'))
    .action((fullName: string, { confirm }: { confirm: string }) => {
      const name = fullNameOf(fullName);
      if (confirm.toLowerCase() !== fullName.toLowerCase())
        throw new UsageError('the two names differ, so nothing was deleted', `repeat it: --confirm ${fullName}`);
      return withData(command, terminal, async (ctx, permit) => {
        const { onRepository } = await import('../../../actions/repositories/transfers.ts');
        const { deleteRepository } = await import('../../../actions/repositories/changes.ts');
        await deleteRepository(ctx, await onRepository(ctx, permit, name));
        terminal.say(`deleted ${fullName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo delete acme/old-site --confirm acme/old-site']);
}
