/** `latchkey admin machine`: accounts for jobs and programs. Their tokens: `latchkey admin token`. */
import { Command } from 'commander';
import { spokenInstant } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { once } from '../option-values.ts';
import { alignedTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';
import { ruleCommand } from './workload-rules.ts';

/** `add`, `list`, `delete` and `rule`. */
export function machineCommand(terminal: Terminal): Command {
  const command = new Command('machine').description(
    'machine accounts, for jobs and programs: add, list, delete; rules by which jobs get tokens: rule',
  );
  for (const verb of [addCommand, listCommand, deleteCommand, ruleCommand]) command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin machine add deploy-bot --owner acme --purpose "deploys the site"',
    'latchkey admin machine list acme',
  ]);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('add a machine account; it starts without a role, and nobody can sign in to it')
    .argument('<LOGIN>', 'its name')
    .requiredOption('--owner <OWNER>', 'the organization or person that it belongs to', once('--owner'))
    .option('--purpose <TEXT>', 'what it is for', once('--purpose'))
    .action((login: string, { owner, purpose = '' }: { owner: string; purpose?: string }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { makeMachine, machineOwner } = await import('../../actions/organizations/machines.ts');
        const account = await machineOwner(ctx, permit, owner);
        const made = await makeMachine(ctx, permit, account, { login, purpose });
        terminal.say(`added the machine account ${made.login}, owned by ${account.login}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin machine add deploy-bot --owner acme']);
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('the machine accounts of an organization or person, and what uses them')
    .argument('<OWNER>', 'whose')
    .action((owner: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { listMachinesOf, machineOwner } = await import('../../actions/organizations/machines.ts');
        const machines = await listMachinesOf(ctx, await machineOwner(ctx, permit, owner));
        if (machines.length === 0) {
          terminal.say(`${owner} has no machine accounts`);
          return;
        }
        const rows = machines.map(({ account, repositories, tokens, lastUsedAt }) => ({
          login: account.login,
          tokens,
          last_used: lastUsedAt === null ? 'never' : spokenInstant(lastUsedAt),
          repositories: repositories.map(({ name, role }) => `${name} (${role})`).join(', ') || null,
          purpose: account.name || null,
        }));
        const columns = ['login', 'tokens', 'last_used', 'repositories', 'purpose'] as const;
        for (const line of alignedTable(columns, rows)) terminal.print(line);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin machine list acme']);
}

function deleteCommand(terminal: Terminal): Command {
  const command = new Command('delete')
    .description('delete a machine account, its roles and its tokens')
    .argument('<LOGIN>', 'which')
    .requiredOption('--owner <OWNER>', 'the organization or person that it belongs to', once('--owner'))
    .action((login: string, { owner }: { owner: string }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { deleteMachine, machineOwner } = await import('../../actions/organizations/machines.ts');
        await deleteMachine(ctx, permit, await machineOwner(ctx, permit, owner), login);
        terminal.say(`deleted the machine account ${login} with its tokens`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin machine delete deploy-bot --owner acme']);
}
