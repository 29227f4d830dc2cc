/** `docs/latchkey.1`, the manual page in the form of man(7), drawn from the tree of commands. */
import type { Command } from 'commander';
import { everyCommand } from '../src/cli/command-tree.ts';
import { EXIT_CODE_HELP } from '../src/cli/exit-codes.ts';
import { buildProgram } from '../src/cli/program.ts';

/** A terminal without output: the tree is only read, nothing runs. */
export const NOWHERE = {
  env: {},
  print: () => {},
  write: async () => true,
  deliver: async () => true,
  say: () => {},
  readInput: async () => '',
};

const SETTINGS_VARIABLE = 'LATCHKEY_…';

const VARIABLES: readonly (readonly [name: string, about: string])[] = [
  ['LATCHKEY_URL', 'the server that the commands of a person talk to'],
  ['LATCHKEY_TOKEN', 'the token they use, in place of the one that the credential helper holds'],
  [SETTINGS_VARIABLE, 'settings of the server: see docs/configuration.md'],
  ['XDG_DATA_HOME', 'folder below which the credential helper keeps its file'],
  ['BROWSER', 'program that opens addresses for latchkey login'],
];

/** The page of the server's package. */
export const manualPage = (): string => pageOf(buildProgram(NOWHERE), VARIABLES);

/** The page of the client package. */
export const clientManualPage = (program: Command): string =>
  pageOf(
    program,
    VARIABLES.filter(([name]) => name !== SETTINGS_VARIABLE),
  );

function pageOf(program: Command, variables: typeof VARIABLES): string {
  const commands = everyCommand(program).filter((each) => each.commands.length === 0);
  return [
    '.\\" Written by `npm run docs` from the tree of commands in packages/latchkey/src/cli. Edit that, not this.',
    '.TH LATCHKEY 1',
    '.SH NAME',
    `latchkey \\- ${escaped(program.description())}`,
    '.SH SYNOPSIS',
    '.B latchkey',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH ENVIRONMENT',
    ...variables.flatMap(([name, about]) => ['.TP', `.B ${escaped(name)}`, escaped(about)]),
    '.SH EXIT STATUS',
    ...EXIT_CODE_HELP.split('\n')
      .slice(1)
      .flatMap((line) => ['.TP', `.B ${line.trim().split(/\s+/)[0]}`, escaped(line.trim().replace(/^\d+\s+/, ''))]),
    '.SH FILES',
    '.TP',
    '.I ~/.local/share/latchkey/credentials.json',
    'what the credential helper holds; secrets only where git has no other helper that keeps them',
    '',
  ].join('\n');
}

function commandLines(command: Command): string[] {
  const options = command.options.flatMap((option) => [
    '.RS',
    '.TP',
    `.B ${escaped(option.flags)}`,
    escaped(option.description.replaceAll('\n', ' ')),
    '.RE',
  ]);
  return [
    `.SS ${escaped(`latchkey ${pathOf(command)} ${command.usage()}`)}`,
    escaped(command.description()),
    ...options,
  ];
}

function pathOf(command: Command): string {
  return command.parent === null || command.parent.parent === null
    ? command.name()
    : `${pathOf(command.parent)} ${command.name()}`;
}

/** Text that contains no roff commands: backslashes and hyphens escaped, no line that begins with a dot. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
