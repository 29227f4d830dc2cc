/** `latchkey admin token`: anybody's personal access tokens. */
import { Command, Option } from 'commander';
import type { Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import type { CreatedToken } from '../../actions/tokens/tokens.ts';
import type { TokenView } from '../../actions/tokens/views.ts';
import { isoInstant, spokenInstant, type UnixSeconds } from '../../base/time.ts';
import { requestsPath } from '../../catalogue/refusals/links.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { examples } from '../command-help.ts';
import { handOver } from '../handover.ts';
import { collect, once } from '../option-values.ts';
import { alignedTable } from '../table.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { draftOf, type TokenFlags } from '../token/flags.ts';
import { waitingLine } from '../token/remind.ts';
import { withData, withDataOptions } from './context.ts';
import { editCommand, renewCommand } from './token-edits.ts';

/** `add`, `list`, `edit`, `renew`, `revoke` and `restore`. */
export function tokenCommand(terminal: Terminal): Command {
  const command = new Command('token').description('personal access tokens: add, list, edit, renew, revoke, restore');
  for (const verb of [addCommand, listCommand, editCommand, renewCommand, revokeCommand, restoreCommand])
    command.addCommand(verb(terminal, idOf));
  return examples(command, [
    'latchkey admin token add ada --name laptop --classic --scope repo',
    'latchkey admin token list ada',
    'latchkey admin token revoke 7',
    'latchkey admin token restore --all',
  ]);
}

const OF_FINE_GRAINED = ['owner', 'repo', 'allRepos', 'publicOnly', 'permission'];

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('make a token for someone, and print only the token on standard output; it is never shown again')
    .argument('<LOGIN>', 'whose token it is')
    .addOption(new Option('--name <NAME>', 'what it is for').argParser(once('--name')).makeOptionMandatory())
    .addOption(
      new Option('--classic', "a classic token, with GitHub's scopes").conflicts(['scoped', ...OF_FINE_GRAINED]),
    )
    .addOption(new Option('--scoped', "a scoped token, with GitLab's scopes").conflicts(OF_FINE_GRAINED))
    .addOption(
      new Option('--scope <SCOPE>', 'a scope of a classic or scoped token; may be repeated').argParser(collect),
    )
    .addOption(
      new Option('--owner <OWNER>', 'resource owner of a fine-grained token (default: LOGIN)').argParser(
        once('--owner'),
      ),
    )
    .addOption(
      new Option('--repo <REPO>', 'a repository that it reaches, as NAME or OWNER/NAME; may be repeated')
        .argParser(collect)
        .conflicts(['allRepos', 'publicOnly']),
    )
    .addOption(new Option('--all-repos', "all the owner's repositories, future ones included").conflicts('publicOnly'))
    .option('--public-only', 'only public repositories, read-only (default)')
    .addOption(
      new Option(
        '--ref <RULE>',
        "branches and tags that it may push to, such as 'agent/**' or 'main: none'; may be repeated",
      ).argParser(collect),
    )
    .addOption(
      new Option('--address <CIDR>', 'an address that may use it, such as 10.0.0.0/8; may be repeated').argParser(
        collect,
      ),
    )
    .addOption(
      new Option('--not-before <TIME>', 'when it starts to work, such as 2026-12-01T08:00:00Z').argParser(
        once('--not-before'),
      ),
    )
    .addOption(new Option('--uses <N>', 'how many times it works').argParser(once('--uses')))
    .addOption(
      new Option(
        '--permission <P=LEVEL>',
        'a permission and its level, such as contents=write; may be repeated',
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--expires-in <DAYS|none>',
        'days from now, 1 to 366, or none (default: 30, or what a policy caps it to)',
      ).argParser(once('--expires-in')),
    )
    .action((login: string, flags: TokenFlags) => {
      const draft = draftOf(login, flags);
      return withData(command, terminal, async (ctx, permit) => {
        const { createToken, revokeToken } = await import('../../actions/tokens/tokens.ts');
        const created = await createToken(ctx, permit, draft);
        await sayCreated(terminal, login, created, () => revokeToken(ctx, permit, created.token.id));
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin token add ada --name laptop --classic --scope repo',
    'latchkey admin token add ada --name mirror --scoped --scope read_repository --expires-in none',
    'latchkey admin token add ada --name deploy --owner acme --repo site --permission contents=write --expires-in 90',
  ]);
}

async function sayCreated(
  terminal: Terminal,
  login: string,
  { secret, token }: CreatedToken,
  takeBack: () => Promise<unknown>,
): Promise<void> {
  const end = token.expiresAt === null ? 'without an end' : `until ${spokenInstant(token.expiresAt)}`;
  terminal.say(`made the ${token.kind} token ${token.id} (${token.name}) for ${login}, ${end}`);
  await handOver(terminal, secret.reveal(), {
    takeBack,
    taken: `the token ${token.id} is revoked, since nobody has its secret; call this again`,
    left: `the token ${token.id} lives, and nobody has its secret: latchkey admin token revoke ${token.id}`,
  });
  for (const { owner, request } of token.grants)
    if (request !== null) {
      terminal.say(waitingLine(owner, request.approvers));
      terminal.say(`hint: owners find it on the page ${requestsPath(owner)}`);
    }
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description("list a person's tokens with what each can do, newest first, including those that have ended")
    .argument('<LOGIN>', 'whose')
    .option('--json', 'print an array')
    .action((login: string, { json }: { json?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { listTokens } = await import('../../actions/tokens/tokens.ts');
        const tokens = (await listTokens(ctx, permit, login)).map(rowOf);
        if (json === true) terminal.print(JSON.stringify(tokens, null, 2));
        else if (tokens.length === 0) terminal.say(`${login} has no tokens`);
        else for (const line of alignedTable(COLUMNS, tokens, ({ summary }) => summary)) terminal.print(line);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin token list ada', 'latchkey admin token list ada --json']);
}

const COLUMNS = ['id', 'kind', 'name', 'last_eight', 'state', 'expires_at', 'last_used_at'] as const;

/** A token as in `--json`; the table shows part of it. Instants are ISO 8601 in UTC. */
function rowOf(token: TokenView) {
  const instant = (when: UnixSeconds | null): string | null => (when === null ? null : isoInstant(when));
  return {
    id: token.id,
    kind: token.kind,
    name: token.name,
    description: token.description,
    last_eight: token.lastEight,
    state: token.state,
    summary: rightSentence(token, 'other'),
    scopes: token.scopes,
    created_at: instant(token.createdAt),
    expires_at: instant(token.expiresAt),
    revoked_at: instant(token.revokedAt),
    revoked_by: token.revokedBy,
    last_used_at: instant(token.lastUse?.usedAt ?? null),
    last_used_for: token.lastUse?.purpose ?? null,
  };
}

function revokeCommand(terminal: Terminal): Command {
  const command = new Command('revoke')
    .description('revoke a token: the next request with it is refused')
    .argument('<ID>', 'its number, as `latchkey admin token list` shows it')
    .action((text: string) => {
      const id = idOf(text);
      return withData(command, terminal, async (ctx, permit) => {
        const { revokeToken } = await import('../../actions/tokens/tokens.ts');
        await revokeToken(ctx, permit, id);
        terminal.say(`revoked the token ${id}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin token revoke 7']);
}

/** @throws UsageError for anything but a token's number */
function idOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new UsageError(
      `a token's ID is a number, not ${JSON.stringify(text)}`,
      '`latchkey admin token list LOGIN` shows it',
    );
  return Number(text);
}

function restoreCommand(terminal: Terminal): Command {
  const command = new Command('restore')
    .description('bring back tokens that were revoked for disuse or, in doubt, by a restore, with what they could do')
    .argument('[ID...]', 'their numbers, as `latchkey admin token list` shows them')
    .option('--all', 'every token that was revoked for disuse')
    .option('--in-doubt', 'every token that the restore of a backup revoked in doubt')
    .action((texts: readonly string[], { all, inDoubt }: { all?: true; inDoubt?: true }) => {
      const ids = texts.map(idOf);
      if ([ids.length > 0, all, inDoubt].filter((given) => given === true).length !== 1)
        throw new UsageError(
          'name the tokens to bring back, or say --all or --in-doubt',
          'for example: latchkey admin token restore 7',
        );
      return withData(command, terminal, async (ctx, permit) => {
        if (inDoubt === true) return bringBackInDoubt(terminal, ctx, permit);
        const { restorableTokens, restoreToken } = await import('../../actions/tokens/upkeep.ts');
        const chosen = all === true ? await restorableTokens(ctx, permit) : ids;
        for (const id of chosen) {
          const { name } = await restoreToken(ctx, permit, id);
          terminal.say(`brought back the token ${id} (${name})`);
        }
        if (chosen.length === 0) terminal.say('no token was revoked because nobody used it');
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin token restore 7 8',
    'latchkey admin token restore --all',
    'latchkey admin token restore --in-doubt',
  ]);
}

async function bringBackInDoubt(terminal: Terminal, ctx: Context, permit: Permit): Promise<void> {
  const { resolveTokens } = await import('../../actions/instance/tokens-in-doubt.ts');
  let brought = 0;
  for (let again = true; again; ) {
    const { resolved, failed, left } = await resolveTokens(ctx, permit, 'restore', 'all');
    brought += resolved;
    again = left > failed.length && resolved > 0;
    if (!again)
      for (const { id, name, message } of failed) terminal.say(`not brought back: ${id} (${name}): ${message}`);
  }
  terminal.say(brought === 1 ? 'brought back one token' : `brought back ${brought} tokens`);
}
