/**
 * The settings: read from flags, variables and the configuration file, checked, and combined into one value.
 *
 * Invariant: a flag wins over a variable, a variable over the file, the file over the default. The server refuses to
 * start with anything unknown, malformed, out of range or contradictory, and reports all of it at once: a silently
 * ignored setting can mean a weaker check than the operator believes in.
 * Never: the value of a secret setting in a complaint.
 */
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { nearestWord } from '../nearest-word.ts';
import { acmeCertificateOf } from './acme-folder.ts';
import { givenVariable, knownVariables, unknownVariables, type Variables } from './environment.ts';
import { type ConfigFile, dataWhenLeftOut, readEntries } from './file.ts';
import { type SettingComplaint, SettingsProblem, settingComplaint } from './problem.ts';
import {
  SETTING_NAMES,
  type SettingName,
  type SettingValues,
  settingFlag,
  settingKey,
  settingRow,
  settingVariable,
} from './rows.ts';
import { proxiesOf, SETTING_RULES } from './rules.ts';
import type { SshAddress } from './values.ts';

/** The settings in force. Paths are absolute. */
export interface Settings extends SettingValues {
  /** Where the bare repositories are: as set, or in the data folder. */
  readonly repositories: string;
  /** As set; otherwise this machine when no others are expected, because a client of an unnamed proxy is no proxy. */
  readonly trustedProxies: readonly string[];
  /** Where people reach the server, without a slash at the end: as set, or made from host and port. */
  readonly publicUrl: string;
  /** False when it was made from host and port. */
  readonly isPublicUrlSet: boolean;
  /** Where people reach git over SSH: as set, or made from the port of our own sshd. Null = not at all. */
  readonly sshAddress: SshAddress | null;
  /** The path of the public address, below which people see the server: `/git`; '' = it has the host for itself. */
  readonly publicPath: string;
  /** The configuration file that was read, whether named or found; null when there was none. */
  readonly config: string | null;
}

/** Where settings come from. */
export interface SettingSources {
  /** By setting name: text as typed, or a value of the setting's own type. Undefined = not given. */
  readonly flags: Readonly<Partial<Record<SettingName, unknown>>>;
  readonly env: Variables;
  /** See `findConfigFile`. */
  readonly file?: ConfigFile | null;
  /** Administration commands don't listen, so rules about listening don't apply to them. */
  readonly purpose?: 'serve' | 'admin';
}

/** The settings in force, or a `SettingsProblem` that names every error. Reads no file and changes nothing. */
export function loadSettings(sources: SettingSources): Settings {
  const reading = new Reading(sources);
  const values = withOwnCertificate(reading.values());
  if (reading.complaints.length > 0) throw new SettingsProblem(reading.complaints);
  const broken = SETTING_RULES.filter(
    (rule) => (sources.purpose !== 'admin' || !rule.listening) && rule.broken(values),
  );
  if (broken.length > 0) {
    throw new SettingsProblem(
      broken.map((rule) => settingComplaint(settingKey(rule.about), rule.message(values), rule.hint)),
    );
  }
  return {
    ...values,
    config: sources.file?.path ?? null,
    repositories: values.repositories ?? join(values.data, 'repositories'),
    trustedProxies: proxiesOf(values),
    publicUrl: values.publicUrl ?? ownUrl(values),
    isPublicUrlSet: values.publicUrl !== null,
    sshAddress: values.sshAddress ?? ownSshAddress(values),
    publicPath: values.publicUrl === null ? '' : pathIn(values.publicUrl),
  };
}

/** A certificate of the server's own is used like one that an operator names. */
function withOwnCertificate(values: SettingValues): SettingValues {
  if (values.acmeDomains.length === 0 || values.tlsCert !== null || values.tlsKey !== null) return values;
  const file = acmeCertificateOf(values);
  return { ...values, tlsCert: file, tlsKey: file };
}

function ownSshAddress(values: SettingValues): SshAddress | null {
  if (values.sshPort === null) return null;
  const host = new URL(values.publicUrl ?? ownUrl(values)).hostname;
  return { user: userInfo().username, host, port: values.sshPort };
}

const pathIn = (url: string): string => new URL(url).pathname.replace(/\/$/, '');

/** The same settings with the address that the server itself has, for a command that was told none. */
export function reachedAt(settings: Settings, publicUrl: string): Settings {
  return { ...settings, publicUrl, publicPath: pathIn(publicUrl) };
}

/** The same settings with the port that the server got when port 0 asked for a free one. */
export function atPort(settings: Settings, port: number): Settings {
  return {
    ...settings,
    port,
    publicUrl: settings.publicUrl === ownUrl(settings) ? ownUrl({ ...settings, port }) : settings.publicUrl,
  };
}

const EVERY_ADDRESS: readonly string[] = ['0.0.0.0', '::'];

/** The address that host, port and TLS make. Nobody can connect to "every address", so that becomes `localhost`. */
function ownUrl({ host, port, tlsCert, acmeDomains }: SettingValues): string {
  const [domain] = acmeDomains;
  if (domain !== undefined) return new URL(`https://${domain}:${port}`).origin;
  const name = EVERY_ADDRESS.includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return new URL(`${tlsCert === null ? 'http' : 'https'}://${name}:${port}`).origin;
}

/** A value before its check: what it is, the name of its source, and the base of relative paths. */
interface Raw {
  readonly value: unknown;
  readonly called: string;
  readonly folder: string;
}

/** One pass over all sources, collecting complaints. */
class Reading {
  readonly complaints: SettingComplaint[] = [];
  readonly #sources: SettingSources;
  readonly #entries: ReadonlyMap<string, unknown>;

  constructor(sources: SettingSources) {
    this.#sources = sources;
    const file = sources.file ?? null;
    const entries = file === null ? new Map<string, unknown>() : readEntries(file);
    if ('complaint' in entries) this.complaints.push(entries.complaint);
    this.#entries = 'complaint' in entries ? new Map() : entries;
    this.#refuseUnknownVariables();
    this.#refuseUnknownKeys();
    this.#refuseMovedData();
  }

  /** Every setting, checked. A rejected one gets its default. */
  values(): SettingValues {
    return Object.fromEntries(SETTING_NAMES.map((name) => [name, this.#valueOf(name)])) as unknown as SettingValues;
  }

  #valueOf(name: SettingName): unknown {
    const row = settingRow(name);
    const raw = this.#given(name);
    if (raw !== null) {
      const checked = row.kind.check(raw.value, raw.folder);
      if ('value' in checked) return checked.value;
      const shown = row.kind.secret ? '' : `, not ${JSON.stringify(raw.value)}`;
      this.#complain(
        name,
        `${raw.called} must be ${checked.mustBe}${shown}.`,
        `${raw.called}: ${row.doc}; ${whenLeftOut(name)}`,
      );
    }
    const left = name === 'data' ? dataWhenLeftOut(this.#sources) : row.default;
    if (left === null) return null;
    const checked = row.kind.check(left, process.cwd());
    if ('value' in checked) return checked.value;
    throw new TypeError(`the default of ${name} must be ${checked.mustBe}`);
  }

  /** What the strongest source that names the setting says. */
  #given(name: SettingName): Raw | null {
    const { kind } = settingRow(name);
    const typed = (value: unknown): unknown => (typeof value === 'string' ? (kind.fromText(value) ?? value) : value);
    const flag = this.#sources.flags[name];
    if (flag !== undefined) return { value: typed(flag), called: settingFlag(name), folder: process.cwd() };
    const variable = givenVariable(this.#sources.env, name);
    if (variable !== undefined) return { value: typed(variable), called: settingVariable(name), folder: process.cwd() };
    const { file } = this.#sources;
    if (!file || !this.#entries.has(settingKey(name))) return null;
    return {
      value: this.#entries.get(settingKey(name)),
      called: `"${settingKey(name)}" in ${file.path}`,
      folder: dirname(file.path),
    };
  }

  #refuseUnknownVariables(): void {
    for (const variable of unknownVariables(this.#sources.env)) {
      this.#complain(
        null,
        `The variable ${variable} is set, but there is no such setting.`,
        suggestion(variable, knownVariables()),
      );
    }
  }

  #refuseUnknownKeys(): void {
    const known = SETTING_NAMES.filter((name) => settingRow(name).notInFile !== true).map(settingKey);
    for (const key of [...this.#entries.keys()].filter((it) => !known.includes(it))) {
      this.#complain(
        null,
        `${this.#sources.file?.path} sets "${key}", but there is no such setting for a file.`,
        suggestion(key, known),
      );
    }
  }

  /** A file found in the data folder can't move the data folder. */
  #refuseMovedData(): void {
    const { flags, env, file } = this.#sources;
    const named = flags.config !== undefined || givenVariable(env, 'config') !== undefined;
    if (named || !this.#entries.has('data')) return;
    this.#complain(
      'data',
      `${file?.path} lies in the data folder, so it can't set "data".`,
      `take the line out, or name the file: ${settingFlag('config')} FILE`,
    );
  }

  #complain(name: SettingName | null, message: string, hint: string): void {
    this.complaints.push(settingComplaint(name === null ? null : settingKey(name), message, hint));
  }
}

/** `left out, it is 7070` */
function whenLeftOut(name: SettingName): string {
  const { default: value, defaultMeans } = settingRow(name);
  return `left out, it is ${value === null ? defaultMeans : String(value)}`;
}

function suggestion(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === null ? 'take it out; `latchkey serve --help` lists every setting' : `did you mean ${nearest}?`;
}
