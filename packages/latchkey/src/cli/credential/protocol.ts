/**
 * Git's credential protocol: lines `key=value`, ended by an empty line or the end of input.
 *
 * Source: git's documentation, git-credential "INPUT/OUTPUT FORMAT" and gitcredentials "CUSTOM HELPERS".
 * Invariant: input is bounded; a value that could forge a line is refused, whoever sent it. Unknown keys are ignored.
 */
import { Secret } from '../../base/secret.ts';
import type { UnixSeconds } from '../../base/time.ts';

/** The longest line, key and value together: git's own limit for a packet, far more than any token. */
const MAX_LINE_LENGTH = 65_520;
/** The most that git may send at once. */
export const MAX_INPUT_BYTES = 256 * 1024;

/** What git asks or reports. Undefined = not sent; an empty username or password was sent. */
export interface CredentialMessage {
  readonly protocol?: string;
  /** Host, and port unless it is the default. */
  readonly host?: string;
  readonly path?: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly passwordExpiresAt?: UnixSeconds;
  readonly oauthRefreshToken?: Secret;
  /** True for what must not be stored. */
  readonly isEphemeral?: true;
  /** The scheme of `Authorization` with which `password` is sent unchanged (`credential`). Since git 2.46. */
  readonly authtype?: string;
  /** True when the other side supports `authtype`. */
  readonly knowsAuthtype?: true;
}

/** The message, or what is wrong with it, in words. */
export type Parsed = { readonly message: CredentialMessage } | { readonly error: string };

/** Reads a message. Lines may end in CRLF, and the last one needs no line end. */
export function parseCredentialMessage(text: string): Parsed {
  const fields = new Map<string, string>();
  const capabilities = new Set<string>();
  for (const ended of text.split('\n')) {
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended;
    if (line === '') break;
    if (line.length > MAX_LINE_LENGTH) return { error: `a line is longer than ${MAX_LINE_LENGTH} characters` };
    const equals = line.indexOf('=');
    if (equals <= 0) return { error: 'a line is not of the form key=value' };
    const value = line.slice(equals + 1);
    if (/[\0\r]/.test(value))
      return { error: `the value of ${shownKey(line.slice(0, equals))} holds a control character` };
    if (line.startsWith('capability[]=')) capabilities.add(value);
    else fields.set(line.slice(0, equals), value);
  }
  return { message: messageOf(fields, capabilities.has('authtype')) };
}

function shownKey(key: string): string {
  return /^[a-z_[\]]{1,40}$/.test(key) ? key : 'a key';
}

function messageOf(fields: ReadonlyMap<string, string>, knowsAuthtype: boolean): CredentialMessage {
  const text = (name: string): string | undefined => fields.get(name);
  const secret = (name: string): Secret | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : new Secret(value);
  };
  // Without the capability these fields mean nothing.
  const authtype = knowsAuthtype && fields.has('credential') ? text('authtype') : undefined;
  const expiry = Number(fields.get('password_expiry_utc') ?? Number.NaN);
  return definedOnly({
    protocol: text('protocol')?.toLowerCase(),
    host: text('host')?.toLowerCase(),
    path: text('path'),
    username: text('username'),
    password: authtype === undefined ? secret('password') : secret('credential'),
    authtype,
    knowsAuthtype: knowsAuthtype ? true : undefined,
    passwordExpiresAt: Number.isSafeInteger(expiry) && expiry > 0 ? expiry : undefined,
    oauthRefreshToken: secret('oauth_refresh_token'),
    isEphemeral: /^(?:1|true)$/.test(fields.get('ephemeral') ?? '') ? true : undefined,
  });
}

function definedOnly(fields: { [K in keyof CredentialMessage]: CredentialMessage[K] | undefined }): CredentialMessage {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as CredentialMessage;
}

/** The message as the lines that git reads, including an empty one at the end. Contains the secret in clear text. */
export function writeCredentialMessage(message: CredentialMessage): string {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['capability[]', message.authtype === undefined ? undefined : 'authtype'],
    ['authtype', message.authtype],
    ['credential', message.authtype === undefined ? undefined : message.password?.reveal()],
    ['protocol', message.protocol],
    ['host', message.host],
    ['path', message.path],
    ['username', message.username],
    ['password', message.authtype === undefined ? message.password?.reveal() : undefined],
    ['password_expiry_utc', message.passwordExpiresAt?.toString()],
    ['oauth_refresh_token', message.oauthRefreshToken?.reveal()],
  ];
  const lines = fields
    .filter((field): field is [string, string] => field[1] !== undefined)
    .map(([key, value]) => {
      if (/[\n\r\0]/.test(value)) throw new TypeError(`the value of ${key} can't stand on a line`);
      return `${key}=${value}\n`;
    });
  return `${lines.join('')}\n`;
}
