/** What every command's help shows below its options. */
import type { Command } from 'commander';

/** Adds lines that can be pasted. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
