/**
 * Sudo mode: whether a session has just confirmed its person's identity.
 *
 * Invariant: it takes the account's strongest factor: with a second factor on, a password confirms nothing here.
 * Invariant: every confirmation renews the session's secret, so an earlier copy of the cookie becomes worthless.
 */
import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import { MAX_STEP_SEC } from '../../rules/steady-clock.ts';
import { type Account, passwordDigestOf } from '../../store/accounts.ts';
import { proveSession, type Session, setSudoUntil } from '../../store/sessions.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret, seal, unseal } from '../ground/one-time-secrets.ts';
import { checkPassword } from '../ground/password.ts';
import { type PasskeyAnswer, takePasskey } from './passkeys.ts';
import { type SignedIn, SUDO_SEC, type Visitor } from './sessions.ts';
import { guessed } from './sign-in-limits.ts';
import { takeCode } from './two-factor.ts';

/** How old a proof may be for changing a password, a second factor or an address. */
export const FRESH_SEC = 5 * MINUTE_SEC;

/** How people prove their identity: with the password, or with a code of the app or a recovery code. */
export type ProofKind = 'password' | 'code';
export interface Proof {
  readonly kind: ProofKind;
  readonly typed: Secret;
}

/** A passkey's answer. It is proof for every account that has one. */
export interface PasskeyProof {
  readonly kind: 'passkey';
  readonly sender: Secret;
  readonly answer: PasskeyAnswer;
}

/** How the owner of this account proves their identity. */
export function proofKindOf(account: Account): ProofKind {
  return account.twoFactorAt === null ? 'password' : 'code';
}

/** True when the account has what its proof takes: somebody who came by a provider may have no password. */
export async function canProve({ store: { db } }: Context, account: Account): Promise<boolean> {
  return proofKindOf(account) === 'code' || (await passwordDigestOf(db, account.id)) !== null;
}

/** True while the session may open sensitive pages. */
export function isSudo(ctx: Context, session: Session): boolean {
  const leftSec = session.sudoUntil - ctx.clock.now();
  // A clock that was ahead must not open them for a year.
  return leftSec > 0 && leftSec <= SUDO_SEC + MAX_STEP_SEC;
}

/** True while the session may change how its person signs in. */
export function isFresh(ctx: Context, session: Session): boolean {
  return isSudo(ctx, session) && Math.abs(ctx.clock.now() - session.provedAt) <= FRESH_SEC;
}

const WRONG: Readonly<Record<ProofKind, string>> = {
  password: 'That is not your password.',
  code: 'That code is wrong, or was used already.',
};

/** A session after its proof: its state, and its new secret. */
export interface Renewed {
  readonly person: SignedIn;
  readonly secret: Secret;
}

/**
 * Opens sensitive pages for two hours, with a proof.
 * @throws Problem when the proof is wrong, is not the strongest, or was wrong too often
 */
export async function enterSudo(
  ctx: Context,
  { secret, ...person }: SignedIn & { readonly secret: Secret },
  proof: Proof | PasskeyProof,
  visitor: Visitor,
): Promise<Renewed> {
  const { account } = person;
  if (proof.kind === 'passkey') {
    if ((await takePasskey(ctx, proof.sender, 'sudo', proof.answer)).id !== account.id)
      throw problem('invalid', 'That passkey is of another account.');
    return renew(ctx, person, secret);
  }
  const kind = proofKindOf(account);
  const field = `sudo_${kind}`;
  if (proof.kind !== kind || proof.typed.reveal() === '') throw problem('missing_field', `Enter your ${kind}.`, field);
  const attempt = { name: account.login, address: visitor.address, knownDevice: true };
  if (!(await guessed(ctx, attempt, () => isRight(ctx, account, proof, visitor))))
    throw problem('invalid', WRONG[kind], field);
  return renew(ctx, person, secret);
}

/** For a caller that has the proof: the session's person did what confirms them. @throws Problem */
export async function renew(ctx: Context, person: SignedIn, secret: Secret): Promise<Renewed> {
  const { session } = person;
  const at = ctx.clock.now();
  const renewed = mintSecret();
  const left = session.flash === null ? null : unseal(secret, session.flash);
  const now = { provedAt: at, sudoUntil: at + SUDO_SEC, flash: left === null ? null : seal(renewed, left) };
  const proved = await proveSession(ctx.store.db, session.id, {
    ...now,
    digest: secret.digest(),
    newDigest: renewed.digest(),
  });
  if (!proved) throw problem('conflict', 'You confirmed this in another window just now. Open the page again.');
  return { person: { ...person, session: { ...session, ...now } }, secret: renewed };
}

async function isRight(ctx: Context, account: Account, { kind, typed }: Proof, visitor: Visitor): Promise<boolean> {
  if (kind === 'code') return takeCode(ctx, account, typed.reveal(), visitor);
  return checkPassword(await passwordDigestOf(ctx.store.db, account.id), typed);
}

/** After a sensitive action, the two hours start again. What needs a fresh proof still needs one. */
export async function renewSudo(ctx: Context, session: Session): Promise<void> {
  await setSudoUntil(ctx.store.db, session.id, ctx.clock.now() + SUDO_SEC);
}
