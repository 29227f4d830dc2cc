/** `latchkey agent -- COMMAND`: runs a command that gets at repositories by way of a broker, and holds no token. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { connect, repositoryHere, type ServerFlags, URL_OPTION } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Stopped, type Terminal, UsageError } from '../terminal.ts';
import { type DeriveFlags, deriveBody, secondsIn, withDeriveFlags } from '../token/derive.ts';

/** A working day. The token is revoked before, when the command ends. */
const DEFAULT_LIFE = '8h';
/** How long `--wait` waits where no time is given. */
const DEFAULT_WAIT = '30m';

const CANNOT = `
What it keeps from the command: your token, which stays in the keychain, and the derived one, which only the broker
holds. What it can't keep: a program of the same user can read that user's files and ask the same keychain. Run the
command as another user or in a container where that matters; what the derived token may do is the limit either way.`;

export function agentCommand(terminal: Terminal): Command {
  const command = withDeriveFlags(
    new Command('agent')
      .description('run a command with a narrow token of its own, which it uses but never holds')
      .argument('<COMMAND...>', 'the command with its arguments, after --')
      .option(...URL_OPTION)
      .option('--wait [TIME]', `when a push waits for your approval, wait and run the command again; ${DEFAULT_WAIT}`),
  )
    .addHelpText('after', CANNOT)
    .action(async (words: readonly string[], flags: ServerFlags & DeriveFlags & { wait?: true | string }) => {
      const client = connect(terminal, flags);
      const here = flags.repo ?? repositoryHere(terminal.env, client.address);
      if (here === null)
        throw new UsageError('which repositories is it for?', 'name them: --repo acme/site, or run it in a clone');
      const body = deriveBody({
        agent: basename(words[0] ?? ''),
        session: randomUUID().slice(0, 8),
        expiresIn: DEFAULT_LIFE,
        ...flags,
        repo: here,
      });
      const waitSec =
        flags.wait === undefined ? null : secondsIn(flags.wait === true ? DEFAULT_WAIT : flags.wait, '--wait');
      const { runSession } = await import('./session.ts');
      const code = await runSession(terminal, { client, body, command: words, waitSec });
      // Whatever the command ended with: its caller knows what its codes mean.
      if (code !== 0) throw new Stopped(code as ExitCode);
    });
  return examples(command, [
    "latchkey agent --repo acme/site --permission contents=write --ref 'agent/**' -- claude",
    "latchkey agent --ref 'agent/**' --ref 'main: ask' --wait -- git push origin main",
  ]);
}
