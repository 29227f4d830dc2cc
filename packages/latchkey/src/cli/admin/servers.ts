/** `latchkey admin server`: other services that may ask about tokens. */
import { Command } from 'commander';
import { isoDate, spokenInstant } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { handOver } from '../handover.ts';
import { alignedTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

/** `add`, `list` and `remove`. */
export function serverCommand(terminal: Terminal): Command {
  const command = new Command('server').description(
    'services that may ask about tokens (introspection, checks): add, list, remove',
  );
  for (const verb of [addCommand, listCommand, removeCommand]) command.addCommand(verb(terminal));
  return examples(command, ['latchkey admin server add deploys', 'latchkey admin server list']);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('register a service, and print its secret, which is never shown again')
    .argument('<NAME>', 'its name')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { addResourceServer, removeResourceServer } = await import('../../actions/questions/resource-servers.ts');
        const { server, secret } = await addResourceServer(ctx, permit, name);
        terminal.say(`added the server ${server.name}; this is its secret, which cannot be shown again:`);
        await handOver(terminal, secret.reveal(), {
          takeBack: () => removeResourceServer(ctx, permit, server.name),
          taken: `the server ${server.name} is removed again, since nobody has its secret; call this again`,
          left: `nobody has its secret: latchkey admin server remove ${server.name}`,
        });
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin server add deploys']);
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('show the registered services')
    .option('--json', 'print an array')
    .action(({ json }: { json?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { listResourceServers } = await import('../../actions/questions/resource-servers.ts');
        const servers = await listResourceServers(ctx, permit);
        const tell = json === true ? isoDate : spokenInstant;
        const rows = servers.map((server) => ({
          id: server.id,
          name: server.name,
          secret_ends_in: server.lastEight,
          added: tell(server.createdAt),
        }));
        if (json === true) terminal.print(JSON.stringify(rows, null, 2));
        else if (rows.length === 0)
          terminal.say('no service is registered; add one with: latchkey admin server add NAME');
        else for (const line of alignedTable(['id', 'name', 'secret_ends_in', 'added'], rows)) terminal.print(line);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin server list']);
}

function removeCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove a service; its secret stops working at once')
    .argument('<NAME>', 'its name')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { removeResourceServer } = await import('../../actions/questions/resource-servers.ts');
        await removeResourceServer(ctx, permit, name);
        terminal.say(`removed the server ${name}`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin server remove deploys']);
}
