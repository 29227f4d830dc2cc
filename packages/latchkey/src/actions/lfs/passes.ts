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
const SSH_PURPOSE = 'lfs pass over ssh';
/** Longer ones were not made here. */
const MAX_PASS_LENGTH = 1024;

export interface Pass extends ObjectName {
  readonly operation: LfsOperation;
  readonly repositoryId: number;
  /** Null for nobody: what is public may be fetched without a token. */
  readonly holder: PassHolder | null;
}

/** Who is judged at each use. */
export type PassHolder = FollowUp | SshHolder;

/** Whoever came with an SSH key, by the name that it has for sshd's programs: `user-5`. */
export interface SshHolder {
  readonly form: 'ssh-key';
  readonly key: string;
}

/** What `git-lfs-authenticate` gives out over SSH: Git LFS's API of one repository, for an hour. */
export interface SshPass extends SshHolder {
  /** An upload also fetches. */
  readonly operation: LfsOperation;
  readonly repositoryId: number;
}

interface Written {
  readonly o: LfsOperation;
  readonly r: number;
  readonly d: string;
  readonly s: number;
  readonly e: UnixSeconds;
  readonly k?: string;
  readonly l?: true;
  readonly n?: string;
}

interface WrittenForSsh {
  readonly o: LfsOperation;
  readonly r: number;
  readonly e: UnixSeconds;
  readonly n: string;
}

export function writePass(ctx: Context, pass: Pass): Secret {
  const { holder } = pass;
  const written: Written = {
    o: pass.operation,
    r: pass.repositoryId,
    d: pass.oid,
    s: pass.size,
    e: ctx.clock.now() + PASS_SEC,
    ...(holder?.form === 'ssh-key' ? { n: holder.key } : {}),
    ...(holder?.form === 'follow-up' ? { k: Buffer.from(holder.digestKey, 'latin1').toString('base64url') } : {}),
    ...(holder?.form === 'follow-up' && holder.isDerived ? { l: true } : {}),
  };
  return signed(ctx, PURPOSE, written);
}

export function writeSshPass(ctx: Context, { operation, repositoryId, key }: SshPass): Secret {
  const written: WrittenForSsh = { o: operation, r: repositoryId, e: ctx.clock.now() + PASS_SEC, n: key };
  return signed(ctx, SSH_PURPOSE, written);
}

function signed(ctx: Context, purpose: string, written: object): Secret {
  const text = Buffer.from(JSON.stringify(written)).toString('base64url');
  return new Secret(`${text}.${ctx.keys.sign(purpose, text)}`);
}

/** What a pass over SSH is for; null for one that wasn't made here, or is over. */
export function readSshPass(ctx: Context, secret: Secret): SshPass | null {
  const written = verified(ctx, SSH_PURPOSE, secret) as WrittenForSsh | null;
  return written && { form: 'ssh-key', operation: written.o, repositoryId: written.r, key: written.n };
}

/** What was signed for a purpose; null when it wasn't, or is over. */
function verified(ctx: Context, purpose: string, secret: Secret): Written | WrittenForSsh | null {
  const pass = secret.reveal();
  const dot = pass.indexOf('.');
  if (dot < 0 || pass.length > MAX_PASS_LENGTH) return null;
  const text = pass.slice(0, dot);
  if (ctx.keys.isSignedHere(purpose, text, pass.slice(dot + 1)) !== true) return null;
  const written = JSON.parse(Buffer.from(text, 'base64url').toString()) as Written | WrittenForSsh;
  return written.e <= ctx.clock.now() ? null : written;
}

/** What a pass is for; null for one that wasn't made here, or is over. */
export function readPass(ctx: Context, secret: Secret): Pass | null {
  const written = verified(ctx, PURPOSE, secret) as Written | null;
  if (written === null) return null;
  const { o, r, d, s, k, l, n } = written;
  return {
    operation: o,
    repositoryId: r,
    oid: d,
    size: s,
    holder: n === undefined ? tokenIn(k, l) : { form: 'ssh-key', key: n },
  };
}

function tokenIn(key: string | undefined, isDerived: true | undefined): FollowUp | null {
  if (key === undefined) return null;
  const digestKey = Buffer.from(key, 'base64url').toString('latin1');
  return { form: 'follow-up', digestKey, isDerived: isDerived === true };
}
