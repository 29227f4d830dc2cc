/**
 * What ACME keeps: in a folder that the server's user alone can read. Workers, and nodes that are given the same
 * folder, share it: whoever claims a renewal orders for all, and any of them can answer for a challenge.
 *
 * Invariant: key and certificate are one file, replaced in one step, so nobody ever reads halves of two pairs.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { UnixSeconds } from '../../base/time.ts';
import type { Challenge } from './client.ts';
import { type KeyAndChain, makeKey, pemOf } from './documents.ts';
import type { SuggestedRenewal } from './renewal-info.ts';

/** A process that renews is taken for dead after this time: an order takes some seconds. */
const RENEWAL_LIMIT_MS = 10 * 60_000;

export class AcmeFolder {
  readonly #folder: string;
  /** Key and chain, in PEM. */
  readonly certificateFile: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.certificateFile = join(folder, 'certificate.pem');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** The certificate in use; null when there is none that can be read. */
  certificate(): X509Certificate | null {
    try {
      return new X509Certificate(readFileSync(this.certificateFile));
    } catch {
      return null;
    }
  }

  keepCertificate({ key, chain }: KeyAndChain): void {
    this.#write('certificate.pem', `${chain.trimEnd()}\n${key}`);
  }

  /** The key of the account at the authority, made when there is none. */
  accountKey(): KeyObject {
    const file = this.#path('account.pem');
    try {
      return createPrivateKey(readFileSync(file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const key = makeKey();
    this.#write('account.pem', pemOf(key));
    return key;
  }

  showChallenges(challenges: readonly Challenge[]): void {
    this.#write('challenges.json', JSON.stringify(challenges));
  }

  /** What the authority may ask for now. Reads a small file, or finds none. */
  challenges(): readonly Challenge[] {
    try {
      return JSON.parse(readFileSync(this.#path('challenges.json'), 'utf8')) as Challenge[];
    } catch {
      return [];
    }
  }

  endChallenges(): void {
    rmSync(this.#path('challenges.json'), { force: true });
  }

  /** What the authority last said of the time to renew; null when it said nothing, or of another certificate. */
  renewal(certificate: string): SuggestedRenewal | null {
    try {
      const kept = JSON.parse(readFileSync(this.#path('renewal.json'), 'utf8')) as SuggestedRenewal;
      return kept.certificate === certificate ? kept : null;
    } catch {
      return null;
    }
  }

  keepRenewal(renewal: SuggestedRenewal): void {
    this.#write('renewal.json', JSON.stringify(renewal));
  }

  /** True when this process may renew now, and no other; until `ended`. */
  claim(): boolean {
    const claim = this.#path('renewing');
    if ((statSync(claim, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < Date.now() - RENEWAL_LIMIT_MS)
      rmSync(claim, { recursive: true, force: true });
    try {
      mkdirSync(claim);
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the claim. `failedAt`: when it didn't work; null = it did. */
  ended(failedAt: UnixSeconds | null): void {
    if (failedAt === null) rmSync(this.#path('failed'), { force: true });
    else this.#write('failed', `${failedAt}\n`);
    rmSync(this.#path('renewing'), { recursive: true, force: true });
  }

  /** When a renewal last failed; null when the last one worked. */
  failedAt(): UnixSeconds | null {
    try {
      return Number(readFileSync(this.#path('failed'), 'utf8'));
    } catch {
      return null;
    }
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #write(name: string, text: string): void {
    const draft = this.#path(`${name}.${hostname()}.${process.pid}.new`);
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, this.#path(name));
  }
}
