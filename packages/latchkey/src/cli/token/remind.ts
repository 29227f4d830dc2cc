/** What of a token waits for an organization’s owners, in words; and `latchkey token remind`, which tells them. */
import { Command } from 'commander';
import { listed } from '../../catalogue/refusals/links.ts';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import type { ServerClient } from '../server-client.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { CURRENT, type TokenAnswer } from './own-token.ts';

const TOKENS = '/user/personal-access-tokens';
/** The requests of one's own tokens. */
export const REQUESTS = '/user/personal-access-token-requests';

/** `it waits until an owner of acme approves it: ada or dan can`, for each owner it waits for. */
export function waitingLine(owner: string, approvers: readonly string[]): string {
  const who = approvers.length === 0 ? '' : `: ${listed(approvers, 'or')} can`;
  return `it waits until an owner of ${owner} approves it${who}`;
}

/** The same for an answer, with the command that reminds them. */
export function waitingWords({ id, grants = [] }: TokenAnswer): string[] {
  const lines = grants.flatMap(({ target_name: owner, pending_request: request }) =>
    request === null || request === undefined ? [] : [waitingLine(owner, request.approvers ?? [])],
  );
  return lines.length === 0
    ? []
    : [...lines, 'until then it reads what is public there', `hint: to remind them: latchkey token remind ${id}`];
}

/** `latchkey token remind`. */
export function remindCommand(terminal: Terminal): Command {
  const command = new Command('remind')
    .description('mail the owners of an organization a reminder that your tokens wait for them; at most once a day')
    .argument('[ID]', "a token's number; left out: the one used here")
    .option(...URL_OPTION)
    .action(async (id: string | undefined, flags: ServerFlags) => {
      const client = connect(terminal, flags);
      for (const request of await waitingOf(client, terminal, id)) {
        await client.api(`${REQUESTS}/${request.id}/remind`, { method: 'POST', body: {} });
        terminal.say(`reminded ${listed(request.approvers ?? []) || 'the owners'} of ${request.owner}`);
      }
    });
  return examples(command, ['latchkey token remind', 'latchkey token remind 12']);
}

/** The undecided requests of a token. Says so when there are none. @param id the token's number @throws UsageError */
export async function waitingOf(
  client: ServerClient,
  terminal: Terminal,
  id: string | undefined,
): Promise<{ owner: string; id: number; approvers?: readonly string[] }[]> {
  if (id !== undefined && !/^\d{1,15}$/.test(id))
    throw new UsageError(
      `a token's number is made of digits, not ${JSON.stringify(id)}`,
      'latchkey token list shows them',
    );
  const { grants = [], name } = await client.api<TokenAnswer>(id === undefined ? CURRENT : `${TOKENS}/${id}`);
  const waiting = grants.flatMap(({ target_name: owner, pending_request: request }) =>
    request === null || request === undefined ? [] : [{ owner, ...request }],
  );
  if (waiting.length === 0) terminal.say(`the token "${name}" waits for nobody`);
  return waiting;
}
