/**
 * The tree of commands, and how a command line becomes an exit code.
 *
 * Invariant: building the tree loads no database, no server and no Git; each command loads what it needs when it
 * runs.
 */
import { Command, CommanderError } from 'commander';
import { programVersion } from '../base/version.ts';
import { adminCommand } from './admin/admin.ts';
import { doctorCommand } from './checks/doctor.ts';
import { examples } from './command-help.ts';
import { completionCommand } from './completion.ts';
import { credentialCommand } from './credential/credential.ts';
import { EXIT, EXIT_CODE_HELP, type ExitCode } from './exit-codes.ts';
import { serveCommand } from './serve/serve.ts';
import { sayError, type Terminal, UsageError } from './terminal.ts';
import { loginCommand } from './token/login.ts';
import { openCommand } from './token/open.ts';
import { tokenCommand } from './token/token.ts';
import { whoamiCommand } from './token/whoami.ts';

/** Runs one command line (without `node` and the program's path). Never throws, never exits. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = buildProgram(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    const path = pathOf(commandOf(program, args));
    if (!(error instanceof CommanderError)) return sayError(terminal, error, path);
    return error.exitCode === 0 ? EXIT.ok : sayError(terminal, usageErrorOf(error, commandOf(program, args)), path);
  }
}

/** The whole tree. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('latchkey')
    .description('a self-hosted server for personal access tokens')
    .version(programVersion(), '--version', 'show the version')
    .addHelpText('after', `\n${EXIT_CODE_HELP}`);
  examples(program, [
    'latchkey serve',
    'latchkey admin token add --help',
    'latchkey login https://git.example.org',
    'latchkey doctor',
    'latchkey token list',
  ]);
  program.addCommand(serveCommand(terminal));
  program.addCommand(adminCommand(terminal));
  for (const command of [doctorCommand, loginCommand, credentialCommand, tokenCommand, whoamiCommand, openCommand])
    program.addCommand(command(terminal));
  program.addCommand(completionCommand(terminal, program));
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .helpOption('--help', 'show this help')
      .helpCommand(false)
      .allowExcessArguments(false)
      .configureOutput({
        writeOut: (text) => terminal.print(text.replace(/\n$/, '')),
        // A command without its subcommand shows its help as an error; the words below say what is missing instead.
        writeErr: () => {},
        outputError: () => {},
      });
  }
  return program;
}

/** A command and all below it. */
export function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Commander's message in our words: `error: unknown option '--x'`, then in brackets what may have been meant. */
function usageErrorOf(error: CommanderError, command: Command): UsageError {
  if (error.code === 'commander.help') {
    return new UsageError(
      `${pathOf(command)} needs a command: ${command.commands.map((each) => each.name()).join(', ')}`,
    );
  }
  const [message = '', meant] = error.message.split('\n');
  return new UsageError(message.replace(/^error: /, ''), meant?.replace(/^\((.*)\)$/, '$1'));
}

/** The deepest command that the words name. */
function commandOf(program: Command, args: readonly string[]): Command {
  let command = program;
  for (const word of args) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
