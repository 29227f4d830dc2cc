/**
 * `latchkey token`: a person's tokens, from the command line, using the current token.
 *
 * Invariant: a secret goes to stdout, alone and once, so that `TOKEN=$(latchkey token create …)` contains nothing
 * else.
 */

import { Command, Option } from 'commander';
import { present } from '../../base/present.ts';
import { isoInstant, spokenIso } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import { handOver, type Loss } from '../handover.ts';
import { type ServerClient, ServerRefusal } from '../server-client.ts';
import { alignedTable } from '../table.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { cancelCommand } from './cancel.ts';
import { deriveCommand } from './derive.ts';
import { draftOf, type TokenFlags } from './flags.ts';
import { CURRENT, type TokenAnswer } from './own-token.ts';
import { permissionsCommand } from './permissions.ts';
import { remindCommand, waitingWords } from './remind.ts';
import { holdsToken, keepRotated } from './rotated.ts';
import { everyToken, TOKENS } from './token-list.ts';

type Flags = ServerFlags & { readonly json?: true };

export function tokenCommand(terminal: Terminal): Command {
  const command = new Command('token').description(
    'list, create, derive, show, rotate, revoke and check your tokens on a server, and remind those who approve them',
  );
  for (const make of [
    listCommand,
    createCommand,
    deriveCommand,
    showCommand,
    rotateCommand,
    revokeCommand,
    checkCommand,
    permissionsCommand,
    remindCommand,
    cancelCommand,
  ])
    command.addCommand(make(terminal));
  return examples(command, [
    'latchkey token list',
    'latchkey token create --name ci --repo site --owner acme --permission contents=read --expires-in 30',
    'latchkey token check contents=write acme/site',
    'latchkey token check contents=write acme/site --ref main --act force',
  ]);
}

function subcommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option(...URL_OPTION)
    .option('--json', 'as JSON');
}

function listCommand(terminal: Terminal): Command {
  const command = subcommand('list', 'your tokens, with what each can do today').action(async (flags: Flags) => {
    const tokens = await everyToken(connect(terminal, flags));
    if (flags.json === true) return terminal.print(JSON.stringify(tokens, null, 2));
    const rows = tokens.map((token) => ({
      id: token.id,
      name: token.name,
      kind: token.kind,
      state: token.state,
      expires: spokenOr(token.expires_at),
      last_used: spokenOr(token.last_used?.at),
      summary: token.summary,
    }));
    const columns = ['id', 'name', 'kind', 'state', 'expires', 'last_used'] as const;
    for (const line of alignedTable(columns, rows, ({ summary }) => summary ?? null)) terminal.print(line);
  });
  return examples(command, [
    'latchkey token list',
    "latchkey token list --json | jq '.[] | select(.expires_at == null)'",
  ]);
}

/** An instant as people write it, or `never`. */
function spokenOr(instant: string | null | undefined): string {
  return instant == null ? 'never' : spokenIso(instant);
}

function createCommand(terminal: Terminal): Command {
  const command = subcommand('create', 'make a token that can do no more than the one that is used here')
    .requiredOption('--name <NAME>', 'its name')
    .option('--owner <LOGIN>', 'whose repositories it reaches; left out: yours')
    .addOption(
      new Option('--repo <NAME...>', 'only these repositories of the owner').conflicts(['allRepos', 'publicOnly']),
    )
    .addOption(new Option('--all-repos', "all the owner's repositories, future ones included").conflicts('publicOnly'))
    .option('--public-only', 'only public repositories, read-only')
    .option('--permission <NAME=LEVEL...>', 'what it may do, such as contents=read')
    .option('--expires-in <DAYS>', 'a number of days, or none')
    .option('--ref <RULE...>', "branches and tags that it may push to, such as 'agent/**'; the first match decides")
    .option('--address <CIDR...>', 'the only addresses that may use it, such as 10.0.0.0/8')
    .option('--not-before <TIME>', 'when it starts to work, such as 2026-12-01T08:00:00Z')
    .option('--uses <N>', 'how many times it works')
    .action(async (flags: Flags & TokenFlags) => {
      const client = connect(terminal, flags);
      const token = await client.api<TokenAnswer>(TOKENS, { method: 'POST', body: bodyOf(flags) });
      await tell(terminal, flags, token, {
        takeBack: () => client.api(pathTo(String(token.id)), { method: 'DELETE' }),
        taken: `token ${token.id} is revoked, since nobody has its secret; call this again`,
        left: `token ${token.id} lives, and nobody has its secret: latchkey token revoke ${token.id}`,
      });
    });
  return examples(command, [
    'latchkey token create --name ci --owner acme --repo site --permission contents=read --expires-in 30',
    "latchkey token create --name agent --repo site --permission contents=write --ref 'agent/**' 'docs: update'",
    'latchkey token create --name once --repo site --permission contents=read --address 10.0.0.0/8 --uses 1',
    'latchkey token create --name deploy --all-repos --permission contents=write --expires-in 7 > token.txt',
  ]);
}

const SELECTION_WORDS = { public: 'none', all: 'all', selected: 'subset' } as const;

function bodyOf(flags: TokenFlags): object {
  const { name, expiresInDays, grants, refRules, allowedAddresses, notBeforeAt, usesLeft } = draftOf('', flags);
  const { owner, selection, repositories, permissions } = present(grants[0], 'the grant of a fine-grained token');
  return {
    name,
    repository_selection: SELECTION_WORDS[selection],
    permissions,
    ...(owner === '' ? {} : { target_name: owner }),
    ...(repositories.length === 0 ? {} : { repositories }),
    ...(expiresInDays === undefined ? {} : { expires_in: expiresInDays ?? 'none' }),
    ...(refRules === undefined ? {} : { ref_rules: refRules }),
    ...(allowedAddresses === undefined ? {} : { allowed_addresses: allowedAddresses }),
    ...(notBeforeAt == null ? {} : { not_before: isoInstant(notBeforeAt) }),
    ...(usesLeft === undefined ? {} : { uses_left: usesLeft }),
  };
}

function showCommand(terminal: Terminal): Command {
  const command = subcommand('show', 'one token, with what it may do')
    .argument('[ID]', 'its number; left out: the one used here')
    .action(async (id: string | undefined, flags: Flags) => {
      terminal.print(JSON.stringify(await connect(terminal, flags).api<TokenAnswer>(pathTo(id)), null, 2));
    });
  return examples(command, ['latchkey token show', 'latchkey token show 12']);
}

function rotateCommand(terminal: Terminal): Command {
  const command = subcommand('rotate', 'give a token a new secret; the old one works until the new one is used')
    .argument('[ID]', 'its number; left out: the one used here')
    .option('--overlap <SECONDS>', 'how long the old secret works at most')
    .option('--expires-in <DAYS>', 'the new lifetime in days; left out: as long as before')
    .action(async (id: string | undefined, flags: Flags & { overlap?: string; expiresIn?: string }) => {
      const body = {
        ...numberField('overlap_seconds', '--overlap', flags.overlap),
        ...numberField('expires_in', '--expires-in', flags.expiresIn),
      };
      const client = connect(terminal, flags);
      const isHeld = await holdsToken(terminal, client, id);
      const token = await client.api<TokenAnswer>(`${pathTo(id)}/rotate`, { method: 'POST', body });
      if (isHeld) await keepRotated(terminal, client, token);
      await tell(terminal, flags, token, {
        taken: 'nobody has the new secret, and the old one still works for a while: call this again before it ends',
      });
    });
  return examples(command, ['latchkey token rotate 12', 'latchkey token rotate --overlap 3600 > token.txt']);
}

function revokeCommand(terminal: Terminal): Command {
  const command = subcommand('revoke', 'end a token for good, at once')
    .argument('<ID>', 'its number, or current: the one used here')
    .action(async (id: string, flags: Flags) => {
      await connect(terminal, flags).api(pathTo(id === 'current' ? undefined : id), { method: 'DELETE' });
      terminal.say(id === 'current' ? 'the token is revoked' : `token ${id} is revoked`);
    });
  return examples(command, ['latchkey token revoke 12']);
}

interface CheckAnswer {
  readonly allowed: boolean;
  readonly reason: string | null;
  readonly reasons: readonly string[];
  readonly fix: { readonly url: string | null; readonly command: string | null } | null;
}

function checkCommand(terminal: Terminal): Command {
  const command = subcommand('check', 'ask whether the token that is used here may do something; nothing is done')
    .argument('<NAME=LEVEL>', 'a permission, contents=write, or several with commas; or clone, fetch, push')
    .argument('[TARGET]', 'a repository OWNER/NAME, an organization, or nothing for the account')
    .option('--ref <REF>', 'the branch, or full ref, that would move')
    .option('--act <ACT>', 'what would happen to the ref: create, update (default), force or delete')
    .action(async (what: string, target: string | undefined, flags: Flags & { ref?: string; act?: string }) => {
      const answer = await asked(connect(terminal, flags), {
        ...questionOf(what, target),
        ...(flags.ref === undefined ? {} : { ref: flags.ref }),
        ...(flags.act === undefined ? {} : { act: flags.act }),
      });
      if (flags.json === true) terminal.print(JSON.stringify(answer, null, 2));
      if (!answer.allowed)
        throw new ServerRefusal(
          403,
          answer.reasons.join(' '),
          answer.reason,
          answer.fix?.command ?? answer.fix?.url ?? null,
        );
      if (flags.json !== true) terminal.print('yes');
    });
  return examples(command, [
    'latchkey token check contents=write acme/site',
    'latchkey token check contents=write,pull_requests=write acme/site',
    'latchkey token check push acme/site --ref main',
    'latchkey token check members=read acme && echo may',
  ]);
}

/** The server's answer. @throws UsageError for a question that makes no sense, which is no "no" */
async function asked(client: ServerClient, question: object): Promise<CheckAnswer> {
  try {
    return await client.api<CheckAnswer>(`${CURRENT}/check`, { method: 'POST', body: question });
  } catch (error) {
    if (error instanceof ServerRefusal && error.status === 422)
      throw new UsageError(error.message, error.remedy ?? undefined);
    throw error;
  }
}

/** `contents=write`, or `push`, and `acme/site` in the API's form. @throws UsageError */
function questionOf(what: string, target?: string): object {
  const where = target === undefined ? {} : target.includes('/') ? { repository: target } : { organization: target };
  if (/^(?:clone|fetch|push)$/.test(what)) return { git: what, ...where };
  const pairs = what.split(',').map((pair) => /^([a-z][a-z0-9_:-]*)=(read|write|admin)$/.exec(pair)?.slice(1));
  if (pairs.includes(undefined))
    throw new UsageError(
      `a permission is written NAME=LEVEL, not ${JSON.stringify(what)}`,
      'for example: contents=write; or one of clone, fetch, push',
    );
  const [[permission, level] = [], ...others] = pairs as string[][];
  return others.length === 0
    ? { permission, level, ...where }
    : { permissions: Object.fromEntries(pairs as string[][]), ...where };
}

function pathTo(id: string | undefined): string {
  if (id !== undefined && !/^\d{1,15}$/.test(id))
    throw new UsageError(
      `a token's number is made of digits, not ${JSON.stringify(id)}`,
      'latchkey token list shows them',
    );
  return id === undefined ? CURRENT : `${TOKENS}/${id}`;
}

function numberField(name: string, flag: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {};
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`${flag} takes a whole number, not ${JSON.stringify(text)}`, `for example: ${flag} 90`);
  return { [name]: Number(text) };
}

/** The secret on stdout, its description on stderr; or everything as JSON. */
async function tell(terminal: Terminal, flags: Flags, token: TokenAnswer, loss: Loss): Promise<void> {
  if (flags.json === true) return handOver(terminal, JSON.stringify(token, null, 2), loss);
  terminal.say(
    `token ${token.id} "${token.name}", ` +
      `${token.expires_at === null ? 'without an end' : `until ${spokenIso(token.expires_at)}`}; this is shown once:`,
  );
  if (token.token !== undefined) await handOver(terminal, token.token, loss);
  for (const line of waitingWords(token)) terminal.say(line);
}
