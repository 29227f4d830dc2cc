/**
 * What helps where a machine account was refused: nobody signs in to it, so what a person would change on a page of
 * their own is changed by whoever manages the machine, on the pages of machines.
 *
 * Invariant: no link for a machine leads to a page of somebody's own settings. Whoever reads the refusal, in the log
 * of a job perhaps, hears who can open the page.
 */
import { APPROVALS_PAGE } from './approval.ts';
import { help, machinePath, shown } from './links.ts';
import type { Reason, RefusalFacts, Remedy } from './refusal.ts';

/** Where something is changed. `token` = on the page of the token, `machine` = on that of its account. */
type Place = 'token' | 'machine' | 'help';

interface Way {
  readonly place: Place;
  /** @param they who manage the machine: "an owner of acme" */
  readonly text: (they: string, facts: RefusalFacts) => string;
}

const NEW_SECRET: Way = { place: 'token', text: (they) => `Ask ${they} to give it a new secret:` };

const WAYS: Partial<Record<Reason, Way>> = {
  token_expired: NEW_SECRET,
  token_replaced: { ...NEW_SECRET, text: (they) => `Use the new value. If nobody has it, ask ${they} for another:` },
  token_used_up: NEW_SECRET,
  lifetime_over_policy: {
    ...NEW_SECRET,
    text: (they) => `Ask ${they} to give it a new secret with an earlier expiry date:`,
  },
  token_revoked: { place: 'machine', text: (they) => `It does not come back. Ask ${they} for another:` },
  token_not_yet_valid: { place: 'token', text: (they) => `Wait until then, or ask ${they} to change its beginning:` },
  fine_grained_forbidden: {
    place: 'help',
    text: () => 'A machine account has no other kind. Ask whoever set that policy:',
  },
  sso_not_authorized: {
    place: 'machine',
    text: (they) => `Ask ${they} to prove who they are there, and then to make another:`,
  },
  resource_owner_mismatch: {
    place: 'help',
    text: (_they, { keeper }) =>
      `A machine account works for ${shown(keeper?.login ?? '')} alone. Elsewhere, use one that belongs there:`,
  },
  ref_not_allowed: {
    place: 'token',
    text: (they) => `Push to a ref that its rules allow, or ask ${they} to change them:`,
  },
  token_derived: { place: 'machine', text: (they) => `Ask ${they} to do it, on a page:` },
};

const OTHERWISE: Way = { place: 'token', text: (they) => `Ask ${they} to change that:` };

/** Of a token that was derived, or that a job was given: another one comes from where it came from. */
const ENDED: ReadonlySet<Reason> = new Set(['token_expired', 'token_revoked']);

/**
 * The next step for a machine account.
 * @param remedy that of a person
 * @returns null where that helps a machine, too, or nobody knows whose it is
 */
export function machineRemedy(reason: Reason, facts: RefusalFacts, remedy: Remedy): Remedy | null {
  const { keeper, login, tokenId, derivedFrom } = facts;
  if (keeper === null || login === null) return null;
  if (derivedFrom !== null && ENDED.has(reason))
    return help(reason, 'Get another where it came from: exchange the token of the job anew, or derive one:');
  if (remedy.url === undefined || !isOwn(remedy.url)) return null;
  const way = WAYS[reason] ?? OTHERWISE;
  const text = way.text(
    keeper.kind === 'organization' ? `an owner of ${shown(keeper.login)}` : shown(keeper.login),
    facts,
  );
  if (way.place === 'help') return help(reason, text);
  const machine = machinePath(keeper.kind === 'organization' ? keeper.login : null, login);
  return { text, url: way.place === 'machine' || tokenId === null ? machine : `${machine}/tokens/${tokenId}` };
}

/** True for a page of somebody's own, and for the start page, where one signs in. */
function isOwn(url: string): boolean {
  return (
    url === '/' ||
    /\/sso(?:\?|$)/.test(url) ||
    (/^\/(?:-\/user_)?settings\//.test(url) && !url.startsWith(APPROVALS_PAGE))
  );
}
