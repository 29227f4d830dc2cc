/**
 * Which values an option or an argument takes, as far as a shell can offer them: fixed ones, those that a server is
 * asked for, files, or none that anybody knows.
 */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a server, git or the helper's file is asked for. */
export const ASKED_VALUES = ['tokens', 'repositories', 'owners', 'targets', 'servers', 'remotes'] as const;
export type AskedValues = (typeof ASKED_VALUES)[number];

/** Lists of the catalogue. */
export type ListedValues = 'permissions' | 'scopes';

export type Values =
  | { readonly is: 'words'; readonly words: readonly string[] }
  | { readonly is: 'listed'; readonly list: ListedValues }
  | { readonly is: 'asked'; readonly what: AskedValues }
  | { readonly is: 'files' }
  | { readonly is: 'unknown' };

/** Days that people choose. */
const DAYS: Values = { is: 'words', words: ['7', '30', '60', '90', '180', '365'] };
const LISTED_PERMISSIONS: Values = { is: 'listed', list: 'permissions' };

/** By the flag, or by the name of the argument, whatever the command. */
const EVERYWHERE: Readonly<Record<string, Values>> = {
  '--permission': LISTED_PERMISSIONS,
  'NAME=LEVEL': LISTED_PERMISSIONS,
  '--scope': { is: 'listed', list: 'scopes' },
  '--expires-in': DAYS,
};

/** What a person's own token can ask for. The operator's commands have the data, and no token. */
const OF_PEOPLE: Readonly<Record<string, Values>> = {
  ID: { is: 'asked', what: 'tokens' },
  '--repo': { is: 'asked', what: 'repositories' },
  '--owner': { is: 'asked', what: 'owners' },
  TARGET: { is: 'asked', what: 'targets' },
  URL: { is: 'asked', what: 'servers' },
  '--url': { is: 'asked', what: 'servers' },
  'REMOTE|URL': { is: 'asked', what: 'remotes' },
};

const OPERATORS: ReadonlySet<string> = new Set(['admin', 'serve']);
/** The ends of placeholders that stand for a path: `<DIR>`, `<FILE>`. */
const PATHS = /(?:DIR|FILE|PATH)>?$/;

/** The values of an option that takes some; null for a switch. */
export function valuesOfOption(command: Command, option: Command['options'][number]): Values | null {
  if (!option.required && !option.optional) return null;
  return valuesOf(command, { name: option.long ?? '', choices: option.argChoices, shown: option.flags });
}

export function valuesOfArgument(command: Command, argument: Command['registeredArguments'][number]): Values {
  return valuesOf(command, { name: argument.name(), choices: argument.argChoices, shown: argument.name() });
}

interface Described {
  readonly name: string;
  readonly choices: readonly string[] | undefined;
  readonly shown: string;
}

function valuesOf(command: Command, { name, choices, shown }: Described): Values {
  if (choices !== undefined) return { is: 'words', words: choices };
  const known = EVERYWHERE[name] ?? (isOperators(command) ? undefined : OF_PEOPLE[name]);
  return known ?? { is: PATHS.test(shown) ? 'files' : 'unknown' };
}

function isOperators(command: Command): boolean {
  return OPERATORS.has(command.name()) || (command.parent !== null && isOperators(command.parent));
}
