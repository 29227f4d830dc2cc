/**
 * `latchkey completion`: completes commands and options in bash, zsh and fish.
 *
 * The script is made from the tree of commands, so it can't know another one. Invariant: completing runs nothing of
 * ours.
 */
import { Argument, type Command, Command as NewCommand } from 'commander';
import { examples } from './command-help.ts';
import type { Terminal } from './terminal.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** One command with everything that can follow it. */
interface Place {
  /** The words that lead to it, without `latchkey`. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
}

export function completionCommand(terminal: Terminal, program: Command): Command {
  const command = new NewCommand('completion')
    .description('print a script that completes commands in a shell')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => terminal.print(completionScript(program, shell)));
  return examples(command, [
    'latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey',
    'latchkey completion zsh > "${fpath[1]}/_latchkey"',
    'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
  ]);
}

/** The script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](placesBelow(program, ''));
}

function placesBelow(command: Command, path: string): Place[] {
  const words = [
    ...command.commands.map((each) => ({ word: each.name(), about: each.description() })),
    ...command.options.map((each) => ({ word: each.long ?? each.short ?? '', about: each.description })),
    { word: '--help', about: 'show this help' },
  ];
  return [{ path, words }, ...command.commands.flatMap((each) => placesBelow(each, `${path} ${each.name()}`.trim()))];
}

/** A branch of bash's `case`: the words that may follow. */
function bashCase({ path, words }: Place): string {
  return `    ${path === '' ? '""' : path.replaceAll(' ', '/')}) words="${words.map(({ word }) => word).join(' ')}" ;;`;
}

/** An entry of zsh's table: the words that may follow, each with its description. */
function zshDescriptions({ path, words }: Place): string {
  const lines = words.map(({ word, about }) => `${word}:${plain(about).replaceAll(':', ' ')}`);
  return `  described[${zshKey(path)}]=${quoted(lines.join('\n'))}`;
}

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash: (places) => `# bash completion of latchkey
_latchkey() {
  local word path=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) continue ;; esac
    case " $_latchkey_paths " in *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;; esac
  done
  local words=""
  case "$path" in
${places.map(bashCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_latchkey_paths="${places
    .map(({ path }) => path.replaceAll(' ', '/'))
    .filter((path) => path !== '')
    .join(' ')}"
complete -o default -F _latchkey latchkey`,
  zsh: (places) => `#compdef latchkey
_latchkey() {
  local word candidate current=""
  local -A described
${places.map(zshDescriptions).join('\n')}
  for word in \${words[2,CURRENT-1]}; do
    candidate="\${current:+$current/}$word"
    (( \${+described[/$candidate]} )) && current="$candidate"
  done
  local -a lines
  lines=("\${(@f)described[/$current]}")
  _describe 'latchkey' lines || _files
}
compdef _latchkey latchkey`,
  fish: (places) => `# fish completion of latchkey
complete -c latchkey -f
${places
  .flatMap(({ path, words }) =>
    words.map(
      ({ word, about }) =>
        `complete -c latchkey ${fishCondition(
          path,
          words.map((each) => each.word),
        )} ${word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`} -d ${quoted(plain(about))}`,
    ),
  )
  .join('\n')}`,
};

function zshKey(path: string): string {
  return `/${path.replaceAll(' ', '/')}`;
}

function fishCondition(path: string, next: readonly string[]): string {
  const seen = path
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `__fish_seen_subcommand_from ${word}`);
  const commands = next.filter((word) => !word.startsWith('-'));
  const conditions =
    path === ''
      ? ['__fish_use_subcommand']
      : [...seen, ...(commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.join(' ')}`])];
  return `-n '${conditions.join('; and ')}'`;
}

function plain(text: string): string {
  return text.replaceAll(/[\n`$"\\]/g, ' ').slice(0, 100);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
