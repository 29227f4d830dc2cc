/**
 * A tree of commands, and how a command line becomes an exit code. Which commands are in it, its caller says:
 * `program.ts` for the server's package, `client-program.ts` for the command that people have.
 */
import { Command, CommanderError } from 'commander';
import { programVersion } from '../base/version.ts';
import { examples } from './command-help.ts';
import { completionCommand } from './completion/completion.ts';
import { EXIT, EXIT_CODE_HELP, type ExitCode } from './exit-codes.ts';
import { sayError, type Terminal, UsageError } from './terminal.ts';

/** The parts of a tree. */
export interface TreeParts {
  readonly description: string;
  readonly examples: readonly string[];
  readonly commands: readonly ((terminal: Terminal) => Command)[];
}

/** Runs one command line (without `node` and the program's path). Never throws, never exits. */
export async function runTree(program: Command, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    const path = pathOf(commandOf(program, args));
    if (!(error instanceof CommanderError)) return sayError(terminal, error, path);
    return error.exitCode === 0 ? EXIT.ok : sayError(terminal, usageErrorOf(error, commandOf(program, args)), path);
  }
}

/** The whole tree, including `completion`. */
export function buildTree(parts: TreeParts, terminal: Terminal): Command {
  const program = new Command('latchkey')
    .description(parts.description)
    .version(programVersion(), '--version', 'show the version')
    .addHelpText('after', `\n${EXIT_CODE_HELP}`);
  examples(program, parts.examples);
  for (const command of parts.commands) program.addCommand(command(terminal));
  program.addCommand(completionCommand(terminal, program));
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .helpOption('--help', 'show this help')
      .helpCommand(false)
      .allowExcessArguments(false)
      .configureOutput({
        writeOut: (text) => terminal.print(text.replace(/\n$/, '')),
        // A command without its subcommand prints its help as an error; the message below says what is missing instead.
        writeErr: () => {},
        outputError: () => {},
      });
  }
  return program;
}

/** A command and everything below it. */
export function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Commander's message in our words: `error: unknown option '--x'`, then in brackets what may have been intended. */
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
