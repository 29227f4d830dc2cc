/** `latchkey admin token edit` and `renew`: anybody's tokens, those of machine accounts among them. */
import { Command, Option } from 'commander';
import type { TokenEdit } from '../../actions/tokens/edits.ts';
import type { TokenView } from '../../actions/tokens/views.ts';
import { spokenInstant } from '../../base/time.ts';
import { refRuleDrafts } from '../../rules/refs/ref-rule-text.ts';
import { examples } from '../command-help.ts';
import { handOver } from '../handover.ts';
import { collect, once } from '../option-values.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { daysOf, permissionsOf, type TokenFlags } from '../token/flags.ts';
import { withData, withDataOptions } from './context.ts';
import { secondsOf } from './workload-issuers.ts';

/** What takes a restriction away. */
const ANY = 'any';

type EditFlags = Partial<Pick<TokenFlags, 'name' | 'owner' | 'repo' | 'allRepos' | 'permission' | 'ref' | 'address'>>;

const CHANGING = ['name', 'repo', 'allRepos', 'permission', 'ref', 'address'] as const;

/** True when a flag changes something of a token. */
export function changesToken(flags: EditFlags): boolean {
  return CHANGING.some((name) => flags[name] !== undefined);
}

/**
 * The edit that flags describe, of a token as it is. Repositories and permissions that aren't given stay.
 * @throws UsageError when it isn't clear which of several resource owners is meant
 */
export function editOf(flags: EditFlags, token: TokenView): TokenEdit {
  const { name, ref, address } = flags;
  return {
    name,
    grants: grantsOf(flags, token),
    ...(ref === undefined ? {} : { refRules: ref.includes(ANY) ? null : refRuleDrafts(ref) }),
    ...(address === undefined ? {} : { allowedAddresses: address.includes(ANY) ? null : address }),
  };
}

function grantsOf({ owner, repo, allRepos, permission }: EditFlags, token: TokenView): TokenEdit['grants'] {
  if (repo === undefined && allRepos === undefined && permission === undefined) return undefined;
  const held = token.grants.filter(({ state }) => state === 'active' || state === 'pending');
  const meant = held.filter((grant) => owner === undefined || grant.owner.toLowerCase() === owner.toLowerCase());
  if (meant.length !== 1)
    throw new UsageError(
      `the token ${token.id} reaches ${held.map((grant) => grant.owner).join(', ') || 'no resource owner'}`,
      'name the one whose repositories or permissions change: --owner OWNER',
    );
  return held.map((grant) => {
    const isMeant = grant === meant[0];
    const repositories = isMeant && repo !== undefined ? repo : grant.repositoryNames;
    const selection = !isMeant ? grant.selection : allRepos ? 'all' : repo === undefined ? grant.selection : 'selected';
    return {
      owner: grant.ownerKind === 'instance' ? 'instance' : grant.owner,
      selection,
      repositories: selection === 'selected' ? repositories : [],
      permissions:
        isMeant && permission !== undefined ? permissionsOf(permission) : (grant.permissions as Record<string, string>),
      justification: null,
    };
  });
}

/** The command with what `editOf` reads, but for the name and the owner. */
export function withChanges(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--repo <REPO>',
        'a repository it reaches from now on, in place of all others; may be repeated',
      ).argParser(collect),
    )
    .addOption(new Option('--all-repos', "all the owner's repositories, future ones included").conflicts('repo'))
    .addOption(
      new Option(
        '--permission <P=LEVEL>',
        'a permission it has from now on, in place of all others; may be repeated',
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--ref <RULE>',
        "what it may push to from now on, in place of all else, or 'any'; may be repeated",
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--address <CIDR>',
        "an address that may use it, in place of all others, or 'any'; may be repeated",
      ).argParser(collect),
    );
}

export function editCommand(terminal: Terminal, idOf: (text: string) => number): Command {
  const command = withChanges(
    new Command('edit')
      .description('change a token; its secret stays, and so does what you leave out')
      .argument('<ID>', 'its number, as `latchkey admin token list` shows it')
      .option('--name <NAME>', 'what it is for', once('--name'))
      .option('--owner <OWNER>', 'the resource owner whose repositories or permissions change', once('--owner')),
  ).action((text: string, flags: EditFlags) => {
    const id = idOf(text);
    if (!changesToken(flags)) throw new UsageError('say what changes', 'for example: --permission contents=read');
    return withData(command, terminal, async (ctx, permit) => {
      const { editToken } = await import('../../actions/tokens/edits.ts');
      const { readToken } = await import('../../actions/tokens/own-tokens.ts');
      const { name } = await editToken(ctx, permit, id, editOf(flags, await readToken(ctx, permit, id)));
      terminal.say(`changed the token ${id} (${name}); its secret stays`);
    });
  });
  return examples(withDataOptions(command), [
    'latchkey admin token edit 7 --permission contents=read --repo site',
    "latchkey admin token edit 7 --ref 'agent/**' --address any",
  ]);
}

export function renewCommand(terminal: Terminal, idOf: (text: string) => number): Command {
  const command = new Command('renew')
    .description('give a token a new secret and expiry date, and print only the secret on standard output')
    .argument('<ID>', 'its number, as `latchkey admin token list` shows it')
    .addOption(
      new Option('--expires-in <DAYS|none>', 'days from now, or none (default: as long as before)').argParser(
        once('--expires-in'),
      ),
    )
    .option(
      '--overlap <SECONDS>',
      'how long the old secret keeps working, 60 to 604800 (default: not at all)',
      once('--overlap'),
    )
    .action((text: string, { expiresIn, overlap }: { expiresIn?: string; overlap?: string }) => {
      const id = idOf(text);
      const draft = expiresIn === undefined ? {} : { expiresInDays: daysOf(expiresIn) };
      const overlapSec = overlap === undefined ? null : secondsOf(overlap, '--overlap');
      return withData(command, terminal, async (ctx, permit) => {
        const { regenerateToken, rotateToken } = await import('../../actions/tokens/secrets.ts');
        const { secret, token } =
          overlapSec === null
            ? await regenerateToken(ctx, permit, id, draft)
            : await rotateToken(ctx, permit, id, draft, overlapSec);
        const end = token.expiresAt === null ? 'without an end' : `until ${spokenInstant(token.expiresAt)}`;
        terminal.say(`the token ${id} (${token.name}) has a new secret, ${end}`);
        await handOver(terminal, secret.reveal(), {
          taken: `nobody has the new secret of the token ${id}: call this again`,
        });
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin token renew 7',
    'latchkey admin token renew 7 --expires-in 90 --overlap 3600',
  ]);
}
