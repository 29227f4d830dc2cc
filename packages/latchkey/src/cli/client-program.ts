/**
 * The commands of people, who have a token and no server: what the package `@latchkey/cli` and the executables hold.
 *
 * Never: anything of the server. `test/scripts/client-package.test.ts` looks at what the bundle is made of.
 */
import type { Command } from 'commander';
import { aboutCommand } from './about.ts';
import { agentCommand } from './agent/agent.ts';
import { doctorCommand } from './checks/doctor.ts';
import { buildTree, runTree } from './command-tree.ts';
import { credentialCommand } from './credential/credential.ts';
import type { ExitCode } from './exit-codes.ts';
import { mcpCommand } from './mcp/mcp.ts';
import { processTerminal, sayError, type Terminal, UsageError } from './terminal.ts';
import { loginCommand } from './token/login.ts';
import { openCommand } from './token/open.ts';
import { routeCommand } from './token/route.ts';
import { tokenCommand } from './token/token.ts';
import { whoamiCommand } from './token/whoami.ts';

export const PEOPLES_COMMANDS = [
  doctorCommand,
  loginCommand,
  credentialCommand,
  tokenCommand,
  whoamiCommand,
  agentCommand,
  mcpCommand,
  openCommand,
  routeCommand,
] as const;

/** Commands in documents that only the server's package has. */
const OPERATORS_COMMANDS: readonly (string | undefined)[] = ['serve', 'check', 'admin'];

/** Runs one command line of the client. Never throws, never exits. */
export async function runClient(args: readonly string[], terminal: Terminal = processTerminal()): Promise<ExitCode> {
  if (!OPERATORS_COMMANDS.includes(args[0])) return runTree(buildClient(terminal), args, terminal);
  const error = new UsageError(
    `latchkey ${args[0]} belongs to the server, and this is the client alone`,
    "on the server's machine, in its checkout: npm run -s latchkey -- --help",
  );
  return sayError(terminal, error, 'latchkey');
}

/** The tree of the client. */
export function buildClient(terminal: Terminal): Command {
  return buildTree(
    {
      description: 'the client of Latchkey: signs in, and gives tokens to git',
      examples: [
        'latchkey login https://git.example.org',
        'latchkey doctor',
        'latchkey token list',
        'latchkey about manual',
      ],
      commands: [...PEOPLES_COMMANDS, aboutCommand],
    },
    terminal,
  );
}
