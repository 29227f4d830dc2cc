/**
 * The tree of commands as the completion scripts need it: what can follow where, and which values an option or an
 * argument takes.
 */
import type { Command } from 'commander';
import { PERMISSIONS } from '../../catalogue/permissions.ts';
import { CLASSIC_SCOPES } from '../../catalogue/scopes/classic.ts';
import { GITLAB_SCOPES } from '../../catalogue/scopes/gitlab.ts';
import { type ListedValues, type Values, valuesOfArgument, valuesOfOption } from './values.ts';

/** One command with all that can follow it. */
export interface Place {
  /** The words that lead to it, without `latchkey`, joined by `/`. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string; readonly offer: Offer | null }[];
  readonly arguments: readonly Offer[];
}

/** The values of an option or an argument, as the scripts name them. */
export interface Offer {
  /** What `_latchkey_offer` is called with: the name of a list; `files`; `-` for what nobody knows. */
  readonly name: string;
  /** True when several may follow. */
  readonly repeats: boolean;
}

/** Lists that stand in the script, by the name of their offer. */
export type Lists = ReadonlyMap<string, readonly string[]>;

const LISTED: Readonly<Record<ListedValues, readonly string[]>> = {
  permissions: PERMISSIONS.flatMap(({ name, levels }) => levels.map((level) => `${name}=${level}`)),
  scopes: [...new Set([...CLASSIC_SCOPES, ...GITLAB_SCOPES].map(({ name }) => name))],
};

/** Every command, and the lists that their values come from. */
export function placesOf(program: Command): { places: readonly Place[]; lists: Lists } {
  const lists = new Map<string, readonly string[]>();
  const offerOf = (values: Values, repeats: boolean): Offer => {
    const name = nameOf(values);
    if (values.is === 'words') lists.set(name, values.words);
    if (values.is === 'listed') lists.set(name, LISTED[values.list]);
    return { name, repeats };
  };
  const placesBelow = (command: Command): Place[] => [
    {
      path: pathOf(command),
      words: [
        ...command.commands.map((each) => ({ word: each.name(), about: each.description(), offer: null })),
        ...command.options.map((option) => {
          const values = valuesOfOption(command, option);
          const offer = values === null ? null : offerOf(values, option.variadic);
          return { word: option.long ?? option.short ?? '', about: option.description, offer };
        }),
        { word: '--help', about: 'show this help', offer: null },
      ],
      arguments: command.registeredArguments.map((each) => offerOf(valuesOfArgument(command, each), each.variadic)),
    },
    ...command.commands.flatMap(placesBelow),
  ];
  return { places: placesBelow(program), lists };
}

function nameOf(values: Values): string {
  if (values.is === 'words') return values.words.join('|');
  if (values.is === 'listed') return values.list;
  if (values.is === 'asked') return values.what;
  return values.is === 'files' ? 'files' : '-';
}

function pathOf(command: Command): string {
  const { parent } = command;
  if (parent === null) return '';
  const above = pathOf(parent);
  return above === '' ? command.name() : `${above}/${command.name()}`;
}

/** A description that means nothing to a shell, nor to zsh's prompts. */
export function plain(text: string): string {
  return text.replaceAll(/[\n`$"\\%]/g, ' ').slice(0, 100);
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
