/** The settings as the system gives them: flags, variables, secrets in files, the configuration file. */
import { withSecretFiles } from './environment.ts';
import { findConfigFile } from './file.ts';
import { loadSettings, type SettingSources, type Settings } from './settings.ts';

/**
 * Reads the files that flags and variables name, then all settings.
 * @throws SettingsProblem with every complaint
 */
export function readSettings(sources: Omit<SettingSources, 'file'>): Settings {
  const given = { ...sources, env: withSecretFiles(sources.env) };
  return loadSettings({ ...given, file: findConfigFile(given) });
}
