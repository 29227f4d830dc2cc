/**
 * The types of values that a setting can have: how each is parsed, checked, and described to people.
 *
 * Invariant: what `check` returns is in range and has one spelling (absolute paths, addresses without brackets).
 * Never: a guess. A value that can't be parsed is refused with its rule.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { includesAddress, parseBlock } from '../address.ts';
import { Secret } from '../secret.ts';

/** A value that passed, or the rule it broke, to follow "must be". */
type Checked<T> = { readonly value: T } | { readonly mustBe: string };

/**
 * One kind of value. `fromText` serves flags and variables; a configuration file has types of its own, and `check`
 * insists on them.
 */
export interface ValueKind<T> {
  /** What the help and the documentation tell people to give: `FILE`, `N`. Null for a switch. */
  readonly placeholder: string | null;
  /** The rule, to follow "must be". */
  readonly rule: string;
  /** True when the flag may be given several times. */
  readonly repeats: boolean;
  /** True when a complaint must not show the value. */
  readonly secret: boolean;
  /** All that it may be, where that is few words. */
  readonly words?: readonly string[];
  fromText(text: string): unknown;
  /** @param folder the base of relative paths */
  check(value: unknown, folder: string): Checked<T>;
}

function kind<T>(
  placeholder: string | null,
  rule: string,
  read: (value: unknown, folder: string) => T | undefined,
  more: Partial<Pick<ValueKind<T>, 'repeats' | 'secret' | 'fromText' | 'words'>> = {},
): ValueKind<T> {
  const check = (value: unknown, folder: string): Checked<T> => {
    const found = read(value, folder);
    return found === undefined ? { mustBe: rule } : { value: found };
  };
  return { placeholder, rule, repeats: false, secret: false, fromText: (text) => text, check, ...more };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && !value.includes('\0');

/**
 * A file or a folder. A relative one starts from the working directory, or from the folder of the file that names it.
 */
export const path = (placeholder: 'DIR' | 'FILE'): ValueKind<string> =>
  kind(placeholder, 'a path', (value, folder) => (isText(value) ? resolve(folder, value) : undefined));

/** On or off. In a variable: `true`, `false`, `1` or `0`. */
export const onOff: ValueKind<boolean> = kind(
  null,
  'true or false',
  (value) => (typeof value === 'boolean' ? value : undefined),
  {
    fromText: (text) => ({ true: true, 1: true, false: false, 0: false })[text],
  },
);

/** A whole number from `min` to `max`, both included. */
export const wholeNumber = (min: number, max: number): ValueKind<number> =>
  kind(
    'N',
    `a whole number from ${min} to ${max}`,
    (value) => (Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined),
    {
      fromText: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text),
    },
  );

/** One word from a list. */
export const oneOf = <W extends string>(words: readonly W[], placeholder: string): ValueKind<W> =>
  kind(placeholder, `one of ${words.join(', ')}`, (value) => words.find((word) => word === value), { words });

/** Text of a given form. */
export const textLike = (placeholder: string, form: RegExp, rule: string): ValueKind<string> =>
  kind(placeholder, rule, (value) => (typeof value === 'string' && form.test(value) ? value : undefined));

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*$/;
const ONLY_NUMBERS_AND_DOTS = /^[0-9.]+$/;

/** An address to listen on, or a host name. IPv6 with or without brackets. */
export const host: ValueKind<string> = kind('HOST', 'an IP address or a host name', (value) => {
  if (typeof value !== 'string') return undefined;
  const plain = value.replace(/^\[(.*)\]$/, '$1');
  if (isIP(plain) !== 0) return plain;
  return HOST_NAME.test(plain) && !ONLY_NUMBERS_AND_DOTS.test(plain) ? plain : undefined;
});

/**
 * Where a site begins: scheme, host and port, and the path that it lies below, if any: `https://example.org/git`.
 * Returned as the URL standard spells it, without a slash at the end. No path that somebody could read in two ways:
 * letters, digits, `-`, `_`, `~` and inner dots.
 */
export const site: ValueKind<string> = kind(
  'URL',
  'an http:// or https:// address without user name, query or fragment; its path, if it has one, made of letters, ' +
    'digits, hyphens, underscores and dots',
  (value) => {
    if (typeof value !== 'string' || !URL.canParse(value) || /[?#@\\]|\/\.{1,2}(?:\/|$)/.test(value)) return undefined;
    const { protocol, origin, pathname } = new URL(value);
    const path = pathname.replace(/\/$/, '');
    const isPlain = /^(?:\/[\w~-]+(?:\.[\w~-]+)*)*$/.test(path);
    return (protocol === 'https:' || protocol === 'http:') && isPlain ? origin + path : undefined;
  },
);

/** Where people reach the server over SSH: `git@git.example.org`, `ssh://git@git.example.org:2222`. */
export interface SshAddress {
  readonly user: string;
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

const SSH_PORT = 22;

/** User, host, port. */
const SSH_ADDRESS = /^(?:ssh:\/\/)?([a-z_][a-z0-9_.-]{0,31})@([a-z0-9.-]{1,253}|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i;

export const sshAddress: ValueKind<SshAddress> = kind('ADDRESS', 'USER@HOST, or ssh://USER@HOST:PORT', (value) => {
  const [, user = '', host = '', digits] = (isText(value) && SSH_ADDRESS.exec(value)) || [];
  const port = digits === undefined ? SSH_PORT : Number(digits);
  const isAddress = host.startsWith('[') ? isIP(host.slice(1, -1)) === 6 : !/^[.-]|[.-]$/.test(host);
  return user !== '' && isAddress && port > 0 && port < 65_536 ? { user, host, port } : undefined;
});

/** What to clone over SSH, of a repository: git's short form where the port is SSH's own. */
export function sshCloneAddress({ user, host, port }: SshAddress, fullName: string): string {
  return port === SSH_PORT && !host.startsWith('[')
    ? `${user}@${host}:${fullName}.git`
    : `ssh://${user}@${host}${port === SSH_PORT ? '' : `:${port}`}/${fullName}.git`;
}

/**
 * The target of our own requests, with or without a path. It can't contain a user name or password: everybody who may
 * see the settings would see them.
 */
export const endpoint: ValueKind<string> = kind(
  'URL',
  'an http:// or https:// address without user name, query or fragment',
  (value) => {
    if (typeof value !== 'string' || !URL.canParse(value) || /[?#@]/.test(value)) return undefined;
    const url = new URL(value);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href.replace(/\/+$/, '') : undefined;
  },
);

/** The address of PostgreSQL. A secret, because it usually contains a password. */
export const databaseUrl: ValueKind<Secret> = kind(
  'URL',
  'an address of PostgreSQL that begins with postgres:// or postgresql://',
  (value) =>
    typeof value === 'string' && /^postgres(ql)?:\/\/./.test(value) && URL.canParse(value)
      ? new Secret(value)
      : undefined,
  { secret: true },
);

/** A mail server. A secret, because the address usually contains a password. */
export const smtpUrl: ValueKind<Secret> = kind(
  'URL',
  'an address of a mail server such as smtp://mail.example.org:587 or smtps://USER:PASSWORD@mail.example.org',
  (value) =>
    typeof value === 'string' && /^smtps?:\/\/./.test(value) && URL.canParse(value) && new URL(value).hostname !== ''
      ? new Secret(value)
      : undefined,
  { secret: true },
);

/** A key that an authority has given, as it shows it (RFC 8555 section 7.3.4). */
export const hmacKey: ValueKind<Secret> = kind(
  'KEY',
  'a key in base64url, of at least 16 bytes',
  (value) =>
    typeof value === 'string' && /^[A-Za-z0-9_-]{22,1000}={0,2}$/.test(value) ? new Secret(value) : undefined,
  { secret: true },
);

/** A receiver of ours. A secret, because many have a key in their address. */
export const receiverUrl: ValueKind<Secret> = kind(
  'URL',
  'an http:// or https:// address without fragment',
  (value) =>
    typeof value === 'string' && /^https?:\/\/./.test(value) && !value.includes('#') && URL.canParse(value)
      ? new Secret(value)
      : undefined,
  { secret: true },
);

/** A text that only two parties know. */
export const sharedSecret: ValueKind<Secret> = kind(
  'SECRET',
  'a text of 16 characters or more, in one line',
  (value) => (typeof value === 'string' && /^[^\r\n]{16,}$/.test(value) ? new Secret(value) : undefined),
  { secret: true },
);

/** A receiver of syslog over TLS. Returned as given. */
export const syslogAddress: ValueKind<string> = textLike(
  'URL',
  /^tls:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/,
  'an address such as tls://logs.example.org:6514',
);

/** The sender of mails: `latchkey@example.org` or `Latchkey <latchkey@example.org>`. */
export const mailbox: ValueKind<string> = textLike(
  'MAILBOX',
  /^(?:[^<>@"\p{Cc}]{1,100} <[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/u,
  'an address, or a name and an address in <>',
);

/** A branch's short name, within what git takes and shells leave alone. */
export const branchName: ValueKind<string> = textLike(
  'BRANCH',
  /^(?!.*(?:\.\.|\/\/|\/\.|\.lock(?:\/|$)))(?!HEAD$)[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,98}[A-Za-z0-9_-])?$/,
  'a branch such as main',
);

/** What is given several times, or, as in a variable, once with commas. An empty text is none. */
const LIST = {
  repeats: true,
  fromText: (text: string) => (text.trim() === '' ? [] : text.split(',').map((part) => part.trim())),
};

/** Networks as CIDR blocks or bare addresses. */
export const networks: ValueKind<readonly string[]> = kind(
  'CIDR',
  'networks such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7',
  (value) => (Array.isArray(value) && value.every(isNetwork) ? value : undefined),
  LIST,
);

/** Labels of a name (RFC 1123), at least two: what an authority gives certificates for. */
const DOMAIN_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const hostNames: ValueKind<readonly string[]> = kind(
  'NAME',
  'host names such as git.example.org, in lower case',
  (value) =>
    Array.isArray(value) && value.every((each) => typeof each === 'string' && DOMAIN_NAME.test(each))
      ? value
      : undefined,
  LIST,
);

/** What may go to a collector, by OpenTelemetry's word for its kinds. */
const OTLP_SIGNALS = ['traces', 'logs'] as const;
export type OtlpSignal = (typeof OTLP_SIGNALS)[number];

export const otlpSignals: ValueKind<readonly OtlpSignal[]> = kind(
  'SIGNAL',
  `one or more of ${OTLP_SIGNALS.join(', ')}`,
  (value) => (Array.isArray(value) && value.length > 0 && value.every(isSignal) ? [...new Set(value)] : undefined),
  LIST,
);

function isSignal(value: unknown): value is OtlpSignal {
  return OTLP_SIGNALS.some((signal) => signal === value);
}

/** Names of accounts. */
export const logins: ValueKind<readonly string[]> = kind(
  'LOGIN',
  'logins of people',
  (value) => (Array.isArray(value) && value.every(isLoginLike) ? value : undefined),
  LIST,
);

function isLoginLike(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/.test(text);
}

function isNetwork(text: unknown): text is string {
  return typeof text === 'string' && parseBlock(text) !== null;
}

const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1'];

/** True for a host, an address or a network that only this machine can reach. */
export function isLoopback(hostOrNetwork: string): boolean {
  if (hostOrNetwork.toLowerCase() === 'localhost') return true;
  const block = parseBlock(hostOrNetwork);
  return (
    block !== null && includesAddress(LOOPBACK, block.address) && block.prefix >= (block.family === 'ipv4' ? 8 : 128)
  );
}
