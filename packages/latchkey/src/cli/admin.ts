/**
 * `latchkey admin`: what the operator does at the machine that holds the data.
 *
 * Invariant: everything goes through the actions, with the operator's permit, so that the audit log tells of it. It
 * works while a server runs on the same data: the server sees the change on the next request.
 */
import { Command } from 'commander';
import { organizationCommand } from './admin-organizations.ts';
import { repositoryCommand } from './admin-repositories.ts';
import { serverCommand } from './admin-servers.ts';
import { tokenCommand } from './admin-tokens.ts';
import { userCommand } from './admin-users.ts';
import { examples } from './command-help.ts';
import type { Terminal } from './terminal.ts';

/** The commands below `admin`, one noun each. */
export function adminCommand(terminal: Terminal): Command {
  const command = new Command('admin').description(
    'manage people, organizations, repositories and tokens on this machine',
  );
  for (const noun of [userCommand, organizationCommand, repositoryCommand, serverCommand, tokenCommand])
    command.addCommand(noun(terminal));
  return examples(command, [
    'latchkey admin user add ada --email ada@example.org --verified --password-stdin < password.txt',
    'latchkey admin repo add ada/notes --private',
    'latchkey admin token add ada --name laptop --classic --scope repo',
  ]);
}
