/**
 * `latchkey admin`: what the operator does on the machine that holds the data.
 *
 * Invariant: everything goes through the actions, with the operator's permit, so the audit log records it. It works
 * while a server runs on the same data: the server sees the change on the next request.
 */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import type { Terminal } from '../terminal.ts';
import { auditCommand } from './audit.ts';
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import { lfsCommand } from './lfs.ts';
import { machineCommand } from './machines.ts';
import { migrateCommand } from './migrate.ts';
import { memberTokenCommand } from './organizations/member-tokens.ts';
import { policyCommand } from './organizations/policies.ts';
import { requestCommand } from './organizations/requests.ts';
import { teamCommand } from './organizations/teams.ts';
import { organizationCommand } from './organizations.ts';
import { scimCommand } from './people/scim.ts';
import { userCommand } from './people/users.ts';
import { repositoryCommand } from './repositories/repositories.ts';
import { restoreCommand } from './restore.ts';
import { secretsCommand } from './secrets.ts';
import { serverCommand } from './servers.ts';
import { tokenCommand } from './tokens.ts';
import { issuerCommand } from './workload-issuers.ts';

/** The commands below `admin`, one noun each. */
export function adminCommand(terminal: Terminal): Command {
  const command = new Command('admin').description(
    'manage people, organizations, repositories, tokens and the audit log on this machine',
  );
  const nouns = [
    auditCommand,
    backupCommand,
    checkCommand,
    userCommand,
    lfsCommand,
    organizationCommand,
    machineCommand,
    issuerCommand,
    memberTokenCommand,
    migrateCommand,
    policyCommand,
    repositoryCommand,
    requestCommand,
    restoreCommand,
    scimCommand,
    secretsCommand,
    serverCommand,
    teamCommand,
    tokenCommand,
  ];
  for (const noun of nouns) command.addCommand(noun(terminal));
  return examples(command, [
    'latchkey admin user add ada --email ada@example.org --verified --password-stdin < password.txt',
    'latchkey admin repo add ada/notes --private',
    'latchkey admin token add ada --name laptop --classic --scope repo',
  ]);
}
