/**
 * The commands of the server's package: those of the operator, and those of people.
 *
 * Invariant: building the tree loads no database, no server and no Git; each command loads what it needs when it
 * runs.
 */
import type { Command } from 'commander';
import { adminCommand } from './admin/admin.ts';
import { PEOPLES_COMMANDS } from './client-program.ts';
import { buildTree, runTree } from './command-tree.ts';
import type { ExitCode } from './exit-codes.ts';
import { installationCommand } from './serve/installation.ts';
import { serveCommand } from './serve/serve.ts';
import { sshKeysCommand, sshSessionCommand } from './ssh/ssh.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line (without `node` and the program's path). Never throws, never exits. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  return runTree(buildProgram(terminal), args, terminal);
}

/** The whole tree. */
export function buildProgram(terminal: Terminal): Command {
  return buildTree(
    {
      description: 'a self-hosted server for personal access tokens',
      examples: [
        'latchkey serve',
        'latchkey check',
        'latchkey admin token add --help',
        'latchkey login https://git.example.org',
        'latchkey doctor',
        'latchkey token list',
      ],
      commands: [
        serveCommand,
        installationCommand,
        adminCommand,
        sshKeysCommand,
        sshSessionCommand,
        ...PEOPLES_COMMANDS,
      ],
    },
    terminal,
  );
}
