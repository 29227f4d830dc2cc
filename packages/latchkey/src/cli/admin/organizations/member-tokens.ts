/** `latchkey admin member-token`: tokens of people that reach an organization, and what they reach there. */
import { Command } from 'commander';
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { problem } from '../../../base/errors.ts';
import { isoInstant } from '../../../base/time.ts';
import { examples } from '../../command-help.ts';
import { alignedTable } from '../../table.ts';
import type { Terminal } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';
import { everyRow, numbers } from './rows.ts';

/** `list`, `revoke` and `restore`. */
export function memberTokenCommand(terminal: Terminal): Command {
  const command = new Command('member-token').description(
    "people's tokens that reach an organization: list, revoke, restore",
  );
  for (const verb of [listCommand, revokeCommand, restoreCommand]) command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin member-token list acme',
    'latchkey admin member-token revoke acme 7 --reason "the laptop is lost"',
  ]);
}

/** A token as in `--json`. */
interface Listed {
  readonly id: number;
  readonly owner: string;
  readonly kind: string;
  readonly name: string;
  readonly last_used_at: string | null;
  /** True for a classic or scoped token that the organization shut out. */
  readonly shut_out: boolean;
  /** What it does there today. */
  readonly summary: string;
  /** Of a fine-grained token: what the organization revokes. */
  readonly grantId: number | null;
}

async function reaching(ctx: Context, permit: Permit, organization: string): Promise<Listed[]> {
  const { memberTokenRows, reachingRows } = await import('../../../actions/organizations/rows.ts');
  const [granted, members] = await Promise.all([
    everyRow(
      (after) => reachingRows(ctx, permit, organization, {}, after),
      ({ id }) => id,
    ),
    everyRow(
      (after) => memberTokenRows(ctx, permit, organization, after),
      ({ token }) => token.id,
    ),
  ]);
  const seen = [
    ...granted.map((row) => ({ ...row, grantId: row.id, excluded: false })),
    ...members.map((row) => ({ ...row, grantId: null })),
  ];
  return seen.map(({ token, owner, lastUse, excluded, sentence, grantId }) => ({
    id: token.id,
    owner: owner.login,
    kind: token.kind,
    name: token.name,
    last_used_at: lastUse === null ? null : isoInstant(lastUse.usedAt),
    shut_out: excluded,
    summary: sentence,
    grantId,
  }));
}

const COLUMNS = ['id', 'owner', 'kind', 'name', 'last_used_at', 'shut_out'] as const;

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('list them with what each can do there today: fine-grained ones, then classic and scoped ones')
    .argument('<ORG>', 'the organization')
    .option('--json', 'print an array')
    .action((organization: string, { json }: { json?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const rows = (await reaching(ctx, permit, organization)).map(({ grantId: _grantId, ...row }) => row);
        if (json === true) terminal.print(JSON.stringify(rows, null, 2));
        else if (rows.length === 0) terminal.say(`no token of anybody reaches ${organization}`);
        else for (const line of alignedTable(COLUMNS, rows, ({ summary }) => summary)) terminal.print(line);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin member-token list acme',
    'latchkey admin member-token list acme --json',
  ]);
}

const IDS = ['<ID...>', 'tokens, as `latchkey admin member-token list` shows them'] as const;

function revokeCommand(terminal: Terminal): Command {
  const command = new Command('revoke')
    .description('revoke what tokens of one kind reach in the organization; they keep working elsewhere')
    .argument('<ORG>', 'the organization')
    .argument(...IDS)
    .option('--reason <TEXT>', 'for their owners')
    .action((organization: string, texts: readonly string[], { reason }: { reason?: string }) => {
      const ids = numbers(texts, "a token's ID");
      return withData(command, terminal, async (ctx, permit) => {
        const rows = await reaching(ctx, permit, organization);
        const meant = ids.map((id) => {
          const row = rows.find((one) => one.id === id);
          if (row === undefined) throw problem('not_found', `No token ${id} reaches ${organization}.`);
          return row;
        });
        const grantIds = meant.flatMap(({ grantId }) => grantId ?? []);
        if (grantIds.length > 0 && grantIds.length < meant.length)
          throw problem('unprocessable', 'Fine-grained tokens, and classic or scoped ones, are revoked in two calls.');
        if (grantIds.length > 0) {
          const { revokeAccess } = await import('../../../actions/organizations/approvals.ts');
          await revokeAccess(ctx, permit, organization, grantIds, reason);
        } else {
          const { changeMemberTokens } = await import('../../../actions/organizations/member-tokens.ts');
          await changeMemberTokens(ctx, permit, organization, 'revoke', { tokenIds: ids, reason });
        }
        terminal.say(`${ids.join(', ')} no longer ${ids.length === 1 ? 'reaches' : 'reach'} ${organization}`);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin member-token revoke acme 7',
    'latchkey admin member-token revoke acme 7 8 --reason "the laptop is lost"',
  ]);
}

function restoreCommand(terminal: Terminal): Command {
  const command = new Command('restore')
    .description('let classic and scoped tokens reach the organization again; a fine-grained one must ask again')
    .argument('<ORG>', 'the organization')
    .argument(...IDS)
    .action((organization: string, texts: readonly string[]) => {
      const tokenIds = numbers(texts, "a token's ID");
      return withData(command, terminal, async (ctx, permit) => {
        const { changeMemberTokens } = await import('../../../actions/organizations/member-tokens.ts');
        await changeMemberTokens(ctx, permit, organization, 'restore', { tokenIds });
        terminal.say(`${tokenIds.join(', ')} ${tokenIds.length === 1 ? 'reaches' : 'reach'} ${organization} again`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin member-token restore acme 7']);
}
