/**
 * `latchkey credential get|store|erase|capability`: a credential helper, as git calls it.
 *
 * Invariant: git never waits for ever, and no problem of ours stops it: messages go to stderr, and git continues with
 * its next helper or its own prompt. Only an answer goes to stdout.
 * Never: a command-line library, a database, the server's code: git runs this several times for each clone.
 */
import { systemClock, type UnixSeconds } from '../../base/time.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { sayError, type Terminal, UsageError } from '../terminal.ts';
import type { HelperAction } from './helper-action.ts';
import { type CredentialMessage, MAX_INPUT_BYTES, parseCredentialMessage, writeCredentialMessage } from './protocol.ts';
import { addressOf, CredentialStore, type HeldCredential, type Place } from './store.ts';

/**
 * A credential is renewed when at most this part of its life is left, but not earlier than `RENEW_BEFORE_SEC` before
 * its end.
 */
export const RENEW_PART = 0.25;
export const RENEW_BEFORE_SEC = 7 * 24 * 60 * 60;

/** One call of the helper. */
export async function runHelper(action: HelperAction, terminal: Terminal): Promise<ExitCode> {
  try {
    // git-credential, "CAPABILITY INPUT/OUTPUT FORMAT". `state` isn't needed: one round is enough.
    if (action === 'capability') terminal.print('version 0\ncapability authtype');
    else await act(action, terminal);
    return EXIT.ok;
  } catch (error) {
    return sayError(terminal, error, `latchkey credential ${action}`);
  }
}

async function act(action: Exclude<HelperAction, 'capability'>, terminal: Terminal): Promise<void> {
  const place = placeIn(await terminal.readInput(MAX_INPUT_BYTES));
  if (place !== null) await ACTIONS[action](place, new CredentialStore(terminal.env), terminal);
}

/**
 * Null for credentials of anything but HTTP, which don't concern us.
 * @throws UsageError when the input doesn't follow the protocol
 */
function placeIn(text: string): Place | null {
  const parsed = parseCredentialMessage(text);
  if ('error' in parsed)
    throw new UsageError(
      `what git sent can't be read: ${parsed.error}`,
      'this command is called by git; see latchkey credential --help',
    );
  const { protocol, host } = parsed.message;
  if (protocol === undefined || host === undefined)
    throw new UsageError(
      'what git sent names no protocol and host',
      'this command is called by git; see latchkey credential --help',
    );
  return protocol === 'https' || protocol === 'http' ? { ...parsed.message, protocol, host } : null;
}

const ACTIONS = { get: answer, store: keep, erase } as const satisfies Record<
  Exclude<HelperAction, 'capability'>,
  (place: Place, credentialStore: CredentialStore, terminal: Terminal) => Promise<void>
>;

/** What git asks for, and whom that concerns. */
interface HelperCall {
  readonly place: Place;
  /** Of the server. */
  readonly address: string;
  readonly credentialStore: CredentialStore;
  readonly terminal: Terminal;
}

async function answer(place: Place, credentialStore: CredentialStore, terminal: Terminal): Promise<void> {
  const server = credentialStore.serverOf(place);
  if (server === null) return;
  const at = systemClock.now();
  const call = { place, address: addressOf(server), credentialStore, terminal };
  const held = credentialStore.find(place, at) ?? (await signIn(call));
  if (held === null) return;
  const fresh = isDue(held, at) ? await renewed(call, held) : held;
  terminal.print(writeCredentialMessage(messageOf(place, fresh)).trimEnd());
}

async function keep(place: Place, credentialStore: CredentialStore): Promise<void> {
  const { password, authtype = null, passwordExpiresAt = null, oauthRefreshToken = null } = place;
  const username = place.username ?? (authtype === null ? undefined : '');
  const server = credentialStore.serverOf(place);
  if (place.isEphemeral === true || username === undefined || password === undefined || server === null) return;
  // The helpers behind ours store passwords; most know nothing else.
  if (authtype !== null && server.helper !== null) return;
  if (passwordExpiresAt !== null && passwordExpiresAt <= systemClock.now()) return;
  await credentialStore.save(place, {
    username,
    secret: password,
    authtype,
    expiresAt: passwordExpiresAt,
    oauthRefreshToken,
  });
}

async function erase(place: Place, credentialStore: CredentialStore): Promise<void> {
  if (credentialStore.serverOf(place) !== null) await credentialStore.forget(place);
}

/**
 * Renewal asks the server, so it only happens when it is worth it: near the end, for a token that was issued to the
 * helper itself.
 */
function isDue({ issuedAt, expiresAt }: HeldCredential, at: UnixSeconds): boolean {
  if (issuedAt === null || expiresAt === null) return false;
  return expiresAt - at <= Math.min(RENEW_BEFORE_SEC, (expiresAt - issuedAt) * RENEW_PART);
}

/** The same token with a new secret. If renewal fails, the old secret, since it still works. */
async function renewed(
  { place, address, credentialStore, terminal }: HelperCall,
  held: HeldCredential,
): Promise<HeldCredential> {
  try {
    // Each renewal ends the secret before the last: two that can't be kept would end the one that is held.
    if (!(await credentialStore.claimRenewal(withoutPath(place), held, systemClock.now()))) return held;
    const { renewToken } = await import('../token/own-token.ts');
    const { secret, expiresAt } = await renewToken(address, held.secret);
    const fresh = { ...held, secret, expiresAt, issuedAt: systemClock.now() };
    await credentialStore.save(withoutPath(place), fresh);
    return fresh;
  } catch (error) {
    terminal.say(`latchkey: the token could not be renewed: ${error instanceof Error ? error.message : String(error)}`);
    return held;
  }
}

/** Signs in through the browser, if a person is there. */
async function signIn({ place, address, credentialStore, terminal }: HelperCall): Promise<HeldCredential | null> {
  const { mayAskPerson, browserLogin } = await import('../token/login-flow.ts');
  if (mayAskPerson(terminal)) {
    await credentialStore.demandWritable();
    const login = await browserLogin(address, {}, terminal);
    const { keptOrEnded } = await import('../token/own-token.ts');
    await keptOrEnded({ address, secret: login.secret }, terminal, () =>
      credentialStore.save(withoutPath(place), login),
    );
    return { ...login, oauthRefreshToken: null, authtype: null };
  }
  // git asks its next helper, and then the person: helpers that have nothing stay silent (git's t/lib-credential.sh).
  return null;
}

function withoutPath({ path: _path, ...place }: Place): Place {
  return place;
}

function messageOf(
  { protocol, host, path }: Place,
  { username, secret, expiresAt, oauthRefreshToken, authtype }: HeldCredential,
): CredentialMessage {
  return {
    protocol,
    host,
    ...(authtype === null ? { username } : { authtype, ...(username === '' ? {} : { username }) }),
    password: secret,
    ...(path === undefined ? {} : { path }),
    ...(expiresAt === null ? {} : { passwordExpiresAt: expiresAt }),
    ...(oauthRefreshToken === null ? {} : { oauthRefreshToken }),
  };
}
