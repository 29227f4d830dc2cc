/**
 * Whom a provider's people are: what it says of somebody beside who they are, and whether they may come in.
 *
 * Invariant: a value counts whole and to the letter: no pattern, no part of one. What the provider doesn't say is not
 * the same as nothing: somebody whose groups are unknown is not let in by a rule about groups.
 * Never: somebody found, or let in, by an address that nobody has verified.
 */
import { emailProblem, isSameName } from '../../rules/names.ts';

/** Who may come in: those of one of the domains, and of one of the groups, where each is named. */
export interface Admission {
  /** Domains of e-mail addresses, in lower case; empty = any. */
  readonly domains: readonly string[];
  /** Values of the claim of groups; empty = any. */
  readonly groups: readonly string[];
}

/** What a provider says of somebody. */
export interface Described {
  /** Null when it names none that could be one. */
  readonly address: string | null;
  /** True when the provider verified the address, or the operator vouches for all of its addresses. */
  readonly addressVerified: boolean;
  /** The organization's domain, as the provider itself knows it (Google's `hd`); null when it doesn't say one. */
  readonly domain: string | null;
  /** What pages call them; '' when it says nothing. */
  readonly name: string;
  /** Proposals for a login, the best first. */
  readonly userNames: readonly string[];
  /** Null when the provider doesn't say them, or says that they are too many. */
  readonly groups: ReadonlySet<string> | null;
  /** True when it says that they are too many to say (Entra does above 200). */
  readonly groupsOverflow: boolean;
}

type Claims = Readonly<Record<string, unknown>>;

/** How a provider's claims are read. */
export interface ClaimRules {
  readonly issuer: string;
  /** Where the groups are: the names of claims, the outermost first. */
  readonly groupsClaim: readonly string[];
  readonly trustsAddresses: boolean;
}

/** Anybody gets an account there, and may give it an address of a domain that was theirs once: only `hd` proves one. */
const GOOGLE = 'https://accounts.google.com';

/** What the claims say. */
export function describedBy(claims: Claims, { issuer, groupsClaim, trustsAddresses }: ClaimRules): Described {
  const told = textOf(claims['email']);
  const address = told === null || emailProblem(told) !== null ? null : told;
  // Some providers write booleans as text; what isn't there is false (Entra says nothing, Authentik false).
  const verified = claims['email_verified'] === true || claims['email_verified'] === 'true';
  const addressVerified = address !== null && (verified || trustsAddresses);
  const ofAddress = addressVerified ? (address.split('@').at(-1) ?? null) : null;
  return {
    address,
    addressVerified,
    domain: (issuer === GOOGLE ? textOf(claims['hd']) : ofAddress)?.toLowerCase() ?? null,
    name: textOf(claims['name']) ?? '',
    userNames: [claims['preferred_username'], address, claims['name']].flatMap((each) => textOf(each) ?? []),
    groups: groupsIn(claims, groupsClaim),
    groupsOverflow: overflows(claims, groupsClaim),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** A text, texts, or objects with a `name`. */
function groupsIn(claims: Claims, path: readonly string[]): ReadonlySet<string> | null {
  let value: unknown = claims;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null;
    value = (value as Claims)[part];
  }
  if (typeof value === 'string') return new Set([value]);
  if (!Array.isArray(value)) return null;
  return new Set(
    value.flatMap((each: unknown) => {
      const name = typeof each === 'object' && each !== null ? (each as Claims)['name'] : each;
      return typeof name === 'string' ? [name] : [];
    }),
  );
}

/** Entra points to a place where all of them are (Microsoft, "Groups overage claim"), or has `hasgroups`. */
function overflows(claims: Claims, [first = '']: readonly string[]): boolean {
  const elsewhere = claims['_claim_names'];
  return (
    (typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, first)) ||
    claims['hasgroups'] === true ||
    claims['hasgroups'] === 'true'
  );
}

/** True when something that the rules ask about isn't among these claims. */
export function lacksClaims(claims: Claims, { groupsClaim }: ClaimRules, asksGroups: boolean): boolean {
  return textOf(claims['email']) === null || (asksGroups && groupsIn(claims, groupsClaim) === null);
}

/** Why somebody may not come in; null = they may. */
export function whyNotAdmitted(
  { domains, groups }: Admission,
  person: Described,
): 'not_admitted' | 'groups_unknown' | null {
  const { domain } = person;
  if (domains.length > 0 && (domain === null || !domains.some((each) => isSameName(each, domain))))
    return 'not_admitted';
  if (groups.length === 0) return null;
  if (person.groups === null) return 'groups_unknown';
  return groups.some((each) => person.groups?.has(each)) ? null : 'not_admitted';
}
