/**
 * Passes: what a batch gives out for each object, so that its bytes can be sent or fetched without the token.
 *
 * A pass is for one object of one repository, one direction, and an hour. It carries the digest of the token's secret,
 * and each use of it is decided as if the token had been shown: a revoked token, a lost role or a policy ends it at
 * the next request. It spends no use of a limited token: the batch did.
 * Invariant: it is signed with a key that is not in the database, and nothing in it is trusted before that was checked.
 */
import { Secret } from '../../base/secret.ts';
import { HOUR_SEC, type UnixSeconds } from '../../base/time.ts';
import type { ObjectName } from '../../git/lfs/object-files.ts';
import type { FollowUp } from '../decision/credential.ts';
import type { Context } from '../ground/context.ts';

export type LfsOperation = 'download' | 'upload';

/** How long a transfer may wait for its turn; one that has begun goes on to its end. */
export const PASS_SEC = HOUR_SEC;
const PURPOSE = 'lfs pass';
/** Longer ones were not made here. */
const MAX_PASS_LENGTH = 1024;

export interface Pass extends ObjectName {
  readonly operation: LfsOperation;
  readonly repositoryId: number;
  /** Null for nobody: what is public may be fetched without a token. */
  readonly holder: FollowUp | null;
}

interface Written {
  readonly o: LfsOperation;
  readonly r: number;
  readonly d: string;
  readonly s: number;
  readonly e: UnixSeconds;
  readonly k?: string;
  readonly l?: true;
}

export function writePass(ctx: Context, pass: Pass): Secret {
  const { holder } = pass;
  const written: Written = {
    o: pass.operation,
    r: pass.repositoryId,
    d: pass.oid,
    s: pass.size,
    e: ctx.clock.now() + PASS_SEC,
    ...(holder === null ? {} : { k: Buffer.from(holder.digestKey, 'latin1').toString('base64url') }),
    ...(holder?.isDerived === true ? { l: true } : {}),
  };
  const text = Buffer.from(JSON.stringify(written)).toString('base64url');
  return new Secret(`${text}.${ctx.keys.sign(PURPOSE, text)}`);
}

/** What a pass is for; null for one that wasn't made here, or is over. */
export function readPass(ctx: Context, secret: Secret): Pass | null {
  const pass = secret.reveal();
  const dot = pass.indexOf('.');
  if (dot < 0 || pass.length > MAX_PASS_LENGTH) return null;
  const text = pass.slice(0, dot);
  if (ctx.keys.isSignedHere(PURPOSE, text, pass.slice(dot + 1)) !== true) return null;
  const { o, r, d, s, e, k, l } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Written;
  if (e <= ctx.clock.now()) return null;
  return {
    operation: o,
    repositoryId: r,
    oid: d,
    size: s,
    holder:
      k === undefined
        ? null
        : { form: 'follow-up', digestKey: Buffer.from(k, 'base64url').toString('latin1'), isDerived: l === true },
  };
}
