/** Settings as options of a command: generated from the table, read back by the table's names. */
import { type Command, Option } from 'commander';
import { SETTING_NAMES, type SettingName, settingFlag, settingRow, settingVariable } from '../base/settings/rows.ts';
import type { SettingSources } from '../base/settings/settings.ts';
import { collect, once } from './option-values.ts';

/** The settings that administration commands take. */
export const ADMIN_SETTINGS: readonly SettingName[] = SETTING_NAMES.filter(
  (name) => settingRow(name).forAdmin === true,
);

/** Adds one option for each of the settings to a command. */
export function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) command.addOption(optionOf(name));
  return command;
}

/** The settings on the command line; the rest is undefined. */
export function settingFlags(command: Command): SettingSources['flags'] {
  const given = command.opts<Record<string, unknown>>();
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, given[new Option(settingFlag(name)).attributeName()]]));
}

function optionOf(name: SettingName): Option {
  const { kind, doc, default: value, defaultMeans } = settingRow(name);
  const flag = settingFlag(name);
  const isList = kind.repeats;
  const means =
    kind.placeholder === null
      ? ''
      : ` (default: ${defaultMeans?.replaceAll('`', '') ?? (Array.isArray(value) ? value.join(', ') : String(value))})`;
  const option = new Option(
    kind.placeholder === null ? flag : `${flag} <${kind.placeholder}>`,
    `${doc}${means} [${settingVariable(name)}]`,
  );
  if (kind.placeholder === null) return option;
  // For the completion alone: a wrong word is refused with the other settings, all at once.
  if (kind.words !== undefined) option.argChoices = [...kind.words];
  return isList ? option.argParser(collect) : option.argParser(once(flag));
}
