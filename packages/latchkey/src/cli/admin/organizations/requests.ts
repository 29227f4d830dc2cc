/** `latchkey admin request`: what tokens wait for in an organization, decided at the machine. */
import { Command } from 'commander';
import type { RequestRow } from '../../../actions/organizations/rows.ts';
import { problem } from '../../../base/errors.ts';
import { isoInstant } from '../../../base/time.ts';
import { examples } from '../../command-help.ts';
import { alignedTable } from '../../table.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';
import { everyRow, numbers } from './rows.ts';

/** `list`, `show`, `approve` and `deny`. */
export function requestCommand(terminal: Terminal): Command {
  const command = new Command('request').description(
    'requests of fine-grained tokens for an organization to decide: list, show, approve, deny',
  );
  for (const verb of [
    listCommand(terminal),
    showCommand(terminal),
    decideCommand(terminal, 'approve'),
    decideCommand(terminal, 'deny'),
  ])
    command.addCommand(verb);
  return examples(command, ['latchkey admin request list acme', 'latchkey admin request approve acme 7']);
}

const COLUMNS = ['id', 'owner', 'token', 'asked_at'] as const;

/** A request as in `--json`. */
function rowOf({ id, owner, token, reason, askedAt, repositoryNames, permissions, ...told }: RequestRow) {
  return {
    id,
    owner: owner.login,
    token: token.name,
    token_id: token.id,
    asked_at: isoInstant(askedAt),
    asks: told.asks,
    has: told.has,
    approved: told.approved,
    reason,
    repositories: repositoryNames,
    permissions,
  };
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('list what waits for a decision, newest first')
    .argument('<ORG>', 'the organization')
    .option('--json', 'print an array')
    .action((organization: string, { json }: { json?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { requestRows } = await import('../../../actions/organizations/rows.ts');
        const found = await everyRow(
          (after) => requestRows(ctx, permit, organization, {}, after),
          ({ id }) => id,
        );
        const rows = found.map(rowOf);
        if (json === true) terminal.print(JSON.stringify(rows, null, 2));
        else if (rows.length === 0) terminal.say(`nothing waits for the owners of ${organization}`);
        else for (const line of alignedTable(COLUMNS, rows, ({ asks }) => asks)) terminal.print(line);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin request list acme']);
}

function showCommand(terminal: Terminal): Command {
  const command = new Command('show')
    .description('print one request, as JSON: what it asks for, what the token has, what approval would open')
    .argument('<ORG>', 'the organization')
    .argument('<ID>', 'the request, as `latchkey admin request list` shows it')
    .action((organization: string, text: string) => {
      const [id] = numbers([text], "a request's ID");
      return withData(command, terminal, async (ctx, permit) => {
        const { requestRows } = await import('../../../actions/organizations/rows.ts');
        const rows = await everyRow(
          (after) => requestRows(ctx, permit, organization, {}, after),
          (row) => row.id,
        );
        const found = rows.find((row) => row.id === id);
        if (found === undefined) throw problem('not_found', `No request ${text} waits in ${organization}.`);
        terminal.print(JSON.stringify(rowOf(found), null, 2));
      });
    });
  return examples(withDataOptions(command), ['latchkey admin request show acme 7']);
}

function decideCommand(terminal: Terminal, action: 'approve' | 'deny'): Command {
  const command = new Command(action)
    .description(`${action} requests, all of them or none; the owners of the tokens get a mail`)
    .argument('<ORG>', 'the organization')
    .argument('<ID...>', 'requests, as `latchkey admin request list` shows them')
    .option('--reason <TEXT>', 'for whoever asked')
    .action((organization: string, ids: readonly string[], { reason }: { reason?: string }) => {
      const requestIds = numbers(ids, "a request's ID");
      return withData(command, terminal, async (ctx, permit) => {
        const { reviewRequests } = await import('../../../actions/organizations/approvals.ts');
        await reviewRequests(ctx, permit, { organization, requestIds, action, reason: reason ?? null });
        terminal.say(`${action === 'approve' ? 'approved' : 'denied'} ${requestIds.join(', ')}`);
      });
    });
  return examples(withDataOptions(command), [
    `latchkey admin request ${action} acme 7`,
    `latchkey admin request ${action} acme 7 8 --reason 'see ticket 12'`,
  ]);
}
