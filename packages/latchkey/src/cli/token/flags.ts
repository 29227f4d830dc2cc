/**
 * The flags that describe a new token, as a draft.
 *
 * Invariant: flags that exclude each other are refused here; whether the token may exist is up to the rules.
 */

import type { UnixSeconds } from '../../base/time.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import type { GrantDraft } from '../../rules/grant-draft.ts';
import { refRuleDrafts } from '../../rules/refs/ref-rule-text.ts';
import { UsageError } from '../terminal.ts';

/** As commander returns them, after it has refused kinds that exclude each other. */
export interface TokenFlags {
  readonly name: string;
  readonly classic?: true;
  readonly scoped?: true;
  readonly scope?: readonly string[];
  readonly owner?: string;
  readonly repo?: readonly string[];
  readonly allRepos?: true;
  readonly publicOnly?: true;
  readonly permission?: readonly string[];
  readonly expiresIn?: string;
  readonly ref?: readonly string[];
  readonly address?: readonly string[];
  readonly notBefore?: string;
  readonly uses?: string;
}

/** The requested token. By default a fine-grained one for the person's own resources. @throws UsageError */
export function draftOf(userLogin: string, flags: TokenFlags): TokenDraft {
  const kind = flags.classic === true ? 'classic' : flags.scoped === true ? 'scoped' : 'fine-grained';
  if (kind === 'fine-grained' && flags.scope !== undefined) {
    throw new UsageError(
      '--scope needs --classic or --scoped',
      'say which scopes are meant: those of GitHub (--classic) or of GitLab (--scoped)',
    );
  }
  return {
    userLogin,
    kind,
    name: flags.name,
    description: '',
    expiresInDays: flags.expiresIn === undefined ? undefined : daysOf(flags.expiresIn),
    scopes: flags.scope ?? [],
    ...(flags.ref === undefined ? {} : { refRules: refRuleDrafts(flags.ref) }),
    ...(flags.address === undefined ? {} : { allowedAddresses: flags.address }),
    ...(flags.notBefore === undefined ? {} : { notBeforeAt: instantOf(flags.notBefore) }),
    ...(flags.uses === undefined ? {} : { usesLeft: countOf(flags.uses) }),
    grants: kind === 'fine-grained' ? [grantOf(userLogin, flags)] : [],
  };
}

function grantOf(userLogin: string, flags: TokenFlags): GrantDraft {
  return {
    owner: flags.owner ?? userLogin,
    selection: flags.repo !== undefined ? 'selected' : flags.allRepos === true ? 'all' : 'public',
    repositories: flags.repo ?? [],
    permissions: permissionsOf(flags.permission ?? []),
    justification: null,
  };
}

/** @throws UsageError for a pair that can't be read */
export function permissionsOf(pairs: readonly string[]): Record<string, string> {
  const permissions = new Map<string, string>();
  for (const pair of pairs) {
    const split = pair.lastIndexOf('=');
    const name = pair.slice(0, Math.max(split, 0));
    const level = pair.slice(split + 1);
    if (name === '' || level === '')
      throw new UsageError(
        `--permission takes NAME=LEVEL, not ${JSON.stringify(pair)}`,
        'for example: --permission contents=read',
      );
    if ((permissions.get(name) ?? level) !== level)
      throw new UsageError(`--permission ${name} is given with two levels`, 'give it once, with the higher one');
    permissions.set(name, level);
  }
  return Object.fromEntries(permissions);
}

/** @throws UsageError for neither a number nor `none` */
export function daysOf(text: string): number | null {
  if (text === 'none') return null;
  if (!/^\d{1,6}$/.test(text))
    throw new UsageError(
      `--expires-in takes a number of days or none, not ${JSON.stringify(text)}`,
      'for example: --expires-in 90',
    );
  return Number(text);
}

/** `2026-12-01`, or with a time and where it is: `T08:00:00Z`, `T08:00+01:00`. */
const INSTANT = /^\d{4}-\d{2}-(\d{2})(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

function instantOf(text: string): UnixSeconds {
  const at = Date.parse(text);
  // Date.parse takes the 30th of February for the 2nd of March.
  const isDay = new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(INSTANT.exec(text)?.[1]);
  if (Number.isNaN(at) || !isDay)
    throw new UsageError(
      `--not-before takes an instant, not ${JSON.stringify(text)}`,
      'for example: --not-before 2026-12-01T08:00:00Z',
    );
  return Math.floor(at / 1000);
}

function countOf(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`--uses takes a whole number, not ${JSON.stringify(text)}`, 'for example: --uses 1');
  return Number(text);
}
