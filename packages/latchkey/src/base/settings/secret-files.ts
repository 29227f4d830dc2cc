/**
 * Files that hold secrets, and are readable by everybody on the machine.
 *
 * Never: their content.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_FILE_NAME } from '../sealing/key-file.ts';
import { secretFilesNamed, type Variables } from './environment.ts';
import { readEntries } from './file.ts';
import { SETTING_NAMES, settingKey, settingRow } from './rows.ts';
import type { Settings } from './settings.ts';

/** Paths of such files, of the key file first. A file that isn't there is in nobody's way. */
export function exposedFiles(settings: Settings, env: Variables): readonly string[] {
  const { secretKeyFile, data, tlsKey, auditClientKey, config } = settings;
  const holding = [
    secretKeyFile ?? join(data, KEY_FILE_NAME),
    tlsKey,
    auditClientKey,
    config !== null && holdsSecrets(config) ? config : null,
    ...secretFilesNamed(env),
  ];
  return [...new Set(holding)].filter((path) => path !== null && isOpenToOthers(path)) as string[];
}

/** Whether the configuration file says a setting that is a secret. */
function holdsSecrets(path: string): boolean {
  const entries = readEntries({ path, text: readFileSync(path, 'utf8') });
  return (
    entries instanceof Map &&
    SETTING_NAMES.some((name) => settingRow(name).kind.secret && entries.has(settingKey(name)))
  );
}

function isOpenToOthers(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0;
}
