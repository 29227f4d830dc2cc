/**
 * The configuration file: which one it is, and its entries.
 *
 * Invariant: a file that was named must exist; the one in the data folder may be missing.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onDemand } from '../on-demand.ts';
import { type SettingComplaint, SettingsProblem, settingComplaint } from './problem.ts';
import { SETTING_ROWS, type SettingName, settingFlag, settingVariable } from './rows.ts';
import { onOff } from './values.ts';

const yaml = onDemand<typeof import('yaml')>('yaml');

/** A configuration file that was read but not yet understood. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** The file to look for in the data folder when none is named. */
export const CONFIG_FILE_NAME = 'latchkey.yaml';

/** The data folder of a demo when none is named, so that one's own server finds `data` empty afterwards. */
const DEMO_DATA = 'demo';

/** Where the file's place can be given. */
interface FileSources {
  readonly flags: Readonly<Partial<Record<SettingName, unknown>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const asText = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/**
 * Reads the configuration file that flags and variables lead to; null when there is none.
 * @throws SettingsProblem
 */
export function findConfigFile({ flags, env }: FileSources): ConfigFile | null {
  const named = asText(flags.config) ?? asText(env[settingVariable('config')]);
  const path = resolve(
    named ??
      join(
        asText(flags.data) ?? asText(env[settingVariable('data')]) ?? dataWhenLeftOut({ flags, env }),
        CONFIG_FILE_NAME,
      ),
  );
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (named === null && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'this user may not read it'
          : `the system says ${code}`;
    throw new SettingsProblem([
      complaint(
        `The configuration file ${path} can't be read: ${why}.`,
        `check the path given with ${settingFlag('config')}`,
      ),
    ]);
  }
}

/** The data folder when none is named, from the working directory: one of its own for a demo that is asked for here. */
export function dataWhenLeftOut({ flags, env }: FileSources): string {
  const asked = flags.demo ?? onOff.fromText(env[settingVariable('demo')] ?? '');
  return asked === true ? DEMO_DATA : SETTING_ROWS.data.default;
}

/** The file's entries by key, or what is wrong with it as a whole. */
export function readEntries(file: ConfigFile): ReadonlyMap<string, unknown> | { readonly complaint: SettingComplaint } {
  const document = yaml().parseDocument(file.text, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    return {
      complaint: complaint(
        `${file.path} is not valid YAML${line === undefined ? '' : `: see line ${line}`}.`,
        'write one `key: value` a line',
      ),
    };
  }
  const content: unknown = document.toJS();
  if (content === null) return new Map();
  if (typeof content !== 'object' || Array.isArray(content)) {
    return {
      complaint: complaint(`${file.path} must hold settings as \`key: value\` lines.`, 'for example: port: 7070'),
    };
  }
  return new Map(Object.entries(content));
}

const complaint = (message: string, hint: string): SettingComplaint => settingComplaint('config', message, hint);
