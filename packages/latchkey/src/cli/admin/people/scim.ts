/** `latchkey admin scim`: directories that provision people (docs/single-sign-on.md). */
import { Command } from 'commander';
import type { MadeClient } from '../../../actions/provisioning/clients.ts';
import { spokenInstant } from '../../../base/time.ts';
import { examples } from '../../command-help.ts';
import { once } from '../../option-values.ts';
import { addSettingOptions } from '../../setting-options.ts';
import { alignedTable } from '../../table.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

/** `add`, `list`, `rotate`, `remove`, `link` and `unlink`. */
export function scimCommand(terminal: Terminal): Command {
  const command = new Command('scim').description(
    'directories that provision people by SCIM: add, list, rotate, remove; existing accounts: link, unlink',
  );
  for (const verb of [addCommand, listCommand, rotateCommand, removeCommand, linkCommand, unlinkCommand])
    command.addCommand(verb(terminal));
  return examples(command, ['latchkey admin scim add entra --provider work', 'latchkey admin scim list']);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('let a directory provision people, and print its token, which is never shown again')
    .argument('<NAME>', 'what this server calls it')
    .option(
      '--provider <PROVIDER>',
      'the identity provider its people sign in with; without one, each gets a mail with a link to choose a password',
      once('--provider'),
    )
    .option('--trust-addresses', 'treat the e-mail addresses that it sends as verified')
    .action((name: string, { provider = '', trustAddresses }: { provider?: string; trustAddresses?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { addClient } = await import('../../../actions/provisioning/clients.ts');
        const made = await addClient(ctx, permit, { name, provider, trustsAddresses: trustAddresses === true });
        show(terminal, ctx.settings.publicUrl, made);
      }),
    );
  return examples(addSettingOptions(withDataOptions(command), ['publicUrl', 'tokenPrefix']), [
    'latchkey admin scim add okta',
    'latchkey admin scim add entra --provider work --trust-addresses --identity-providers /etc/latchkey/providers.yaml',
  ]);
}

/** The token alone on standard output, so that a script can take it. */
function show(terminal: Terminal, publicUrl: string, { client, secret }: MadeClient): void {
  terminal.say(`${client.name} provisions people at ${publicUrl}/scim/v2 with this token, which is shown this once:`);
  terminal.print(secret.reveal());
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list').description('the directories, and how many people each provisioned').action(() =>
    withData(command, terminal, async (ctx, permit) => {
      const { listClients } = await import('../../../actions/provisioning/clients.ts');
      const rows = (await listClients(ctx, permit)).map(({ name, people, issuer, lastEight, lastUsedAt }) => ({
        name,
        people,
        token: `…${lastEight}`,
        last_used: lastUsedAt === null ? 'never' : spokenInstant(lastUsedAt),
        signs_in_by: issuer,
      }));
      if (rows.length === 0) terminal.say('no directory provisions people');
      else
        for (const line of alignedTable(['name', 'people', 'token', 'last_used', 'signs_in_by'], rows))
          terminal.print(line);
    }),
  );
  return examples(withDataOptions(command), ['latchkey admin scim list']);
}

function rotateCommand(terminal: Terminal): Command {
  const command = new Command('rotate')
    .description('print a new token for a directory; the old one stops working at once')
    .argument('<NAME>', 'which')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { rotateClient } = await import('../../../actions/provisioning/clients.ts');
        show(terminal, ctx.settings.publicUrl, await rotateClient(ctx, permit, name));
      }),
    );
  return examples(addSettingOptions(withDataOptions(command), ['publicUrl', 'tokenPrefix']), [
    'latchkey admin scim rotate entra',
  ]);
}

function removeCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('end the access of a directory; the people it provisioned stay as they are')
    .argument('<NAME>', 'which')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { removeClient } = await import('../../../actions/provisioning/clients.ts');
        await removeClient(ctx, permit, name);
        terminal.say(`${name} provisions nobody any more`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin scim remove entra']);
}

interface LinkFlags {
  readonly client: string;
  readonly userName: string;
  readonly externalId?: string;
}

function linkCommand(terminal: Terminal): Command {
  const command = new Command('link')
    .description('link an existing account to a directory, which may change and disable it from then on')
    .argument('<LOGIN>', 'whose account')
    .requiredOption('--client <NAME>', 'the directory', once('--client'))
    .requiredOption('--user-name <USERNAME>', 'what the directory calls the person (userName)', once('--user-name'))
    .option('--external-id <ID>', 'the directory’s id for the person (externalId)', once('--external-id'))
    .action((login: string, { client, userName, externalId }: LinkFlags) =>
      withData(command, terminal, async (ctx, permit) => {
        const { linkPerson } = await import('../../../actions/provisioning/links.ts');
        await linkPerson(ctx, permit, { login, client, userName, externalId: externalId ?? null });
        terminal.say(`${client} provisions ${login} as ${userName}`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin scim link ada --client entra --user-name ada@example.org',
  ]);
}

function unlinkCommand(terminal: Terminal): Command {
  const command = new Command('unlink')
    .description('unlink an account from its directory; nothing else about it changes')
    .argument('<LOGIN>', 'whose account')
    .action((login: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { unlinkPerson } = await import('../../../actions/provisioning/links.ts');
        await unlinkPerson(ctx, permit, login);
        terminal.say(`no directory provisions ${login} any more`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin scim unlink ada']);
}
