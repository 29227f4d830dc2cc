/**
 * The environment as a source of settings: which variables are set, which belong to something else, which name a
 * file.
 *
 * Invariant: only variables in exactly Kubernetes' form count as links to a Service. Anything else that starts with
 * `LATCHKEY_` is a setting, or unknown.
 * Never: the content of a secret's file in a complaint.
 */
import { readFileSync } from 'node:fs';
import { type SettingComplaint, SettingsProblem, settingComplaint } from './problem.ts';
import { SETTING_NAMES, settingKey, settingRow, settingVariable, VARIABLE_PREFIX } from './rows.ts';

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Read by people's commands and the examples for jobs. A machine may have these and also run a server. */
const CLIENT_VARIABLES: readonly string[] = ['LATCHKEY_TOKEN', 'LATCHKEY_TOKEN_FILE', 'LATCHKEY_URL'];

/**
 * Kubernetes gives every pod such variables for each Service in its namespace, so a Service named `latchkey` or
 * `latchkey-…` writes into the names of our settings (kubernetes.io, "Accessing the Service: Environment variables").
 */
const SERVICE_LINK_NAMES = [
  /^LATCHKEY_(?:[A-Z0-9_]+_)?SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/,
  /^LATCHKEY_(?:[A-Z0-9_]+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_PROTO|_PORT|_ADDR)?$/,
];
const SERVICE_LINK_VALUE = /^(?:tcp|udp|sctp):\/\/\S+:\d{1,5}$/;

/** True for a variable that Kubernetes wrote for a Service. */
function isServiceLink(variable: string, value: string): boolean {
  const isNamedLikeOne = SERVICE_LINK_NAMES.some((name) => name.test(variable));
  return isNamedLikeOne || (variable.endsWith('_PORT') && SERVICE_LINK_VALUE.test(value));
}

/**
 * What the environment says about each setting. An empty variable counts as not given (compose files write
 * `${VARIABLE:-}`), except for a list, where it means an empty list.
 */
export function givenVariable(env: Variables, name: (typeof SETTING_NAMES)[number]): string | undefined {
  const variable = settingVariable(name);
  const value = env[variable];
  if (value === undefined || isServiceLink(variable, value)) return undefined;
  return value === '' && !settingRow(name).kind.repeats ? undefined : value;
}

/** All names that may begin with `LATCHKEY_`. */
export function knownVariables(): readonly string[] {
  return [
    ...SETTING_NAMES.map(settingVariable),
    ...SETTING_NAMES.filter(isSecret).map(fileVariable),
    ...CLIENT_VARIABLES,
  ];
}

/** The variables that look like settings but aren't, sorted. */
export function unknownVariables(env: Variables): readonly string[] {
  const known = new Set(knownVariables());
  return Object.entries(env)
    .filter(
      ([variable, value]) =>
        variable.startsWith(VARIABLE_PREFIX) && !known.has(variable) && !isServiceLink(variable, value ?? ''),
    )
    .map(([variable]) => variable)
    .sort();
}

/**
 * The environment, with secrets read from files: `LATCHKEY_SMTP_FILE=/run/secrets/smtp` stands for the text of that
 * file, without the end of its last line. Works for every setting that is a secret.
 * @throws SettingsProblem when a file can't be read, or both variables are given
 */
export function withSecretFiles(env: Variables): Variables {
  const complaints: SettingComplaint[] = [];
  const found: Record<string, string> = {};
  for (const name of SETTING_NAMES.filter(isSecret)) {
    const [variable, path] = [settingVariable(name), env[fileVariable(name)]];
    if (path === undefined || path === '') continue;
    const complain = (message: string, hint: string): void => {
      complaints.push(settingComplaint(settingKey(name), message, hint));
    };
    if ((env[variable] ?? '') !== '') {
      complain(`${variable} and ${fileVariable(name)} are both set.`, 'keep one of them');
      continue;
    }
    try {
      found[variable] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      complain(
        `${fileVariable(name)} names ${path}, which can't be read (${code}).`,
        'check the path and who may read it',
      );
    }
  }
  if (complaints.length > 0) throw new SettingsProblem(complaints);
  return Object.keys(found).length === 0 ? env : { ...env, ...found };
}

/** The files that variables name in place of secrets: `LATCHKEY_SMTP_FILE`. */
export function secretFilesNamed(env: Variables): readonly string[] {
  return SETTING_NAMES.filter(isSecret)
    .map((name) => env[fileVariable(name)] ?? '')
    .filter((path) => path !== '');
}

function isSecret(name: (typeof SETTING_NAMES)[number]): boolean {
  return settingRow(name).kind.secret;
}

/** `LATCHKEY_SMTP_FILE` */
function fileVariable(name: (typeof SETTING_NAMES)[number]): string {
  return `${settingVariable(name)}_FILE`;
}
