/** `latchkey token derive`: a narrower token for a day at most, dead with the one that is used here. */

import { Command } from 'commander';
import { Secret } from '../../base/secret.ts';
import { spokenIso } from '../../base/time.ts';
import { refRuleDrafts } from '../../rules/refs/ref-rule-text.ts';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import { handOver } from '../handover.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { CURRENT, endToken } from './own-token.ts';

/** What may be left out of the token that is used here, as flags of this command and of `latchkey agent`. */
export interface DeriveFlags {
  readonly repo?: readonly string[];
  readonly permission?: readonly string[];
  readonly scope?: readonly string[];
  readonly ref?: readonly string[];
  readonly expiresIn?: string;
  readonly name?: string;
  readonly agent?: string;
  readonly session?: string;
}

/** The answer, as far as commands need it. */
interface DerivedAnswer {
  readonly id: number;
  readonly name: string;
  readonly expires_at: string;
  readonly token: string;
}

export function deriveCommand(terminal: Terminal): Command {
  const command = withDeriveFlags(
    new Command('derive')
      .description('make a narrower token from the one used here, for a day at most')
      .option(...URL_OPTION)
      .option('--json', 'as JSON'),
  ).action(async (flags: ServerFlags & DeriveFlags & { json?: true }) => {
    const client = connect(terminal, flags);
    const made = await client.api<DerivedAnswer>(`${CURRENT}/derive`, { method: 'POST', body: deriveBody(flags) });
    const loss = {
      takeBack: () => endToken(client.address, new Secret(made.token)),
      taken: `derived token ${made.id} is revoked, since nobody has its secret; call this again`,
      left: `derived token ${made.id} lives until ${spokenIso(made.expires_at)}, and nobody has its secret`,
    };
    if (flags.json === true) return handOver(terminal, JSON.stringify(made, null, 2), loss);
    terminal.say(`derived token ${made.id} "${made.name}", until ${spokenIso(made.expires_at)}; this is shown once:`);
    await handOver(terminal, made.token, loss);
  });
  return examples(command, [
    'latchkey token derive --repo acme/site --permission contents=read --expires-in 15m',
    "latchkey token derive --agent claude-code/2.1 --session s-17 --ref 'agent/**' > token.txt",
  ]);
}

/** Adds the flags that both commands take. */
export function withDeriveFlags(command: Command): Command {
  return command
    .option('--repo <OWNER/NAME...>', 'only these repositories')
    .option('--permission <NAME=LEVEL...>', 'at most these permissions, such as contents=read')
    .option('--scope <SCOPE...>', 'only these scopes, from a classic or scoped token')
    .option('--ref <RULE...>', "branches and tags that it may push to, such as 'agent/**'; the first match decides")
    .option('--expires-in <TIME>', 'how long it lives, 1m to 24h; left out: 1h')
    .option('--name <NAME>', 'its name; left out: that of the agent, or of the token used here')
    .option('--agent <NAME>', 'which program acts, for the log, such as claude-code/2.1')
    .option('--session <ID>', 'in which session of that program');
}

/** The body of the request. @throws UsageError */
export function deriveBody(flags: DeriveFlags): Record<string, unknown> {
  const { repo, permission, scope, ref, expiresIn, name, agent, session } = flags;
  return {
    ...(repo === undefined ? {} : { repositories: repo }),
    ...(permission === undefined ? {} : { permissions: Object.fromEntries(permission.map(pairOf)) }),
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(ref === undefined ? {} : { ref_rules: refRuleDrafts(ref) }),
    ...(expiresIn === undefined ? {} : { expires_in: secondsIn(expiresIn) }),
    ...(name === undefined ? {} : { name }),
    ...(agent === undefined ? {} : { agent }),
    ...(session === undefined ? {} : { session }),
  };
}

function pairOf(pair: string): [string, string] {
  const split = pair.lastIndexOf('=');
  if (split < 1 || split === pair.length - 1)
    throw new UsageError(
      `--permission takes NAME=LEVEL, not ${JSON.stringify(pair)}`,
      'for example: --permission contents=read',
    );
  return [pair.slice(0, split), pair.slice(split + 1)];
}

const UNIT_SEC: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600 };

/** @param flag that it is the value of. @throws UsageError */
export function secondsIn(text: string, flag = '--expires-in'): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  const factor = UNIT_SEC[unit];
  if (count === '' || factor === undefined)
    throw new UsageError(`${flag} takes a time, not ${JSON.stringify(text)}`, `for example: ${flag} 15m`);
  return Number(count) * factor;
}
