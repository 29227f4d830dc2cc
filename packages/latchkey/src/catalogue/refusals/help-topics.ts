/**
 * The content of the help pages (`/help`) and docs/troubleshooting.md, generated from the table of refusals: one
 * topic for each reason, with an example.
 *
 * Invariant: every reason has a topic, under its own code, because refusals link to it.
 */
import { sentenceCase } from './links.ts';
import { REASONS, REFUSALS, type Reason, type RefusalFacts } from './refusals.ts';

export interface HelpTopic {
  readonly reason: Reason;
  readonly title: string;
  /** The sentence of the refusal, for an example. */
  readonly sentence: string;
  readonly about: string;
  /** What to do, with the example's address or command. */
  readonly remedy: { readonly text: string; readonly url: string | null; readonly command: string | null };
  /** True when git forgets the credential. */
  readonly isForgotten: boolean;
}

/** Ada's token "ci" is refused at acme/site. */
function exampleFacts(publicUrl: string): RefusalFacts {
  return {
    instanceName: 'Latchkey',
    publicUrl,
    login: 'ada',
    keeper: null,
    tokenKind: 'fine-grained',
    sshKey: null,
    tokenId: 7,
    tokenName: 'ci',
    lastEight: 'x1Y2z3A4',
    derivedFrom: null,
    resource: null,
    expiresAt: 1_795_248_000,
    notBeforeAt: 1_795_248_000,
    revokedAt: 1_795_248_000,
    revokedBy: 'ada',
    ownerLogin: 'acme',
    ownerKind: 'organization',
    fullName: 'acme/site',
    missing: [{ permission: 'contents', level: 'write' }],
    needed: [{ permission: 'contents', level: 'write' }],
    missingScopes: [],
    capDays: 30,
    decidedBy: 'organization',
    product: 'GitHub',
    problem: null,
    address: '203.0.113.7',
    retryAfterSec: 90,
    reaches: '2 selected repositories',
    denialReason: null,
    paths: ['.github/workflows/ci.yml'],
    limit: null,
    approval: null,
    move: { ref: 'main', act: 'update', because: 'its ref rules allow agent/** only' },
    urlUsername: null,
  };
}

/** What the example of a reason needs to have different. */
const OTHERWISE: Readonly<Partial<Record<Reason, Partial<RefusalFacts>>>> = {
  classic_forbidden: { tokenKind: 'classic' },
  scoped_forbidden: { tokenKind: 'scoped' },
  sso_not_authorized: { tokenKind: 'classic' },
  sso_not_proved: { tokenId: null },
  scope_missing: { tokenKind: 'classic' },
  key_forbidden: { tokenKind: null, sshKey: 'own' },
  key_reads_only: { tokenKind: null, sshKey: 'deploy' },
  token_derived: { derivedFrom: 'laptop' },
  token_for_other_resource: { resource: 'https://tools.example.org/mcp' },
  key_pasted: { product: 'public SSH key' },
  push_too_large: { limit: '2 GiB' },
  file_too_large: { paths: ['media/film.mkv'], limit: '1 GiB' },
  repository_full: { limit: '10 GiB' },
  too_many_refs: { limit: '100,000 of them' },
  ref_protected: { move: { ref: 'main', act: 'update', because: 'protected: only administrators push to it' } },
  token_in_content: { paths: ['src/app.ts, line 3 (ends in x1Y2z3A4)'] },
};

/** The topic of a reason. `publicUrl` without a slash at the end. */
export function helpTopic(reason: Reason, publicUrl: string): HelpTopic {
  const facts = { ...exampleFacts(publicUrl), ...OTHERWISE[reason] };
  const entry = REFUSALS[reason];
  const { text, url, command } = entry.remedy(facts);
  return {
    reason,
    title: titleOf(reason),
    sentence: entry.sentence(facts),
    about: entry.about,
    isForgotten: entry.credentialIsDead,
    remedy: {
      text,
      url: url === undefined || url.startsWith('/help/') ? null : publicUrl + url,
      command: command ?? null,
    },
  };
}

/** Where the words of the code aren't plain ones. */
const TITLES: { readonly [R in Reason]?: string } = {
  token_wrapped: 'Something around the token',
  placeholder_sent: 'A placeholder instead of a token',
  password_not_accepted: 'A password instead of a token',
  password_with_two_factor: 'A password, with two-factor authentication on',
  token_of_other_product: 'A token of another service',
  key_pasted: 'A key instead of a token',
  owner_suspended: 'Account suspended',
  owner_disabled_by_provider: 'Account disabled by its directory',
  organization_address_not_allowed: 'Address not allowed by the organization',
  classic_forbidden: 'Classic tokens forbidden',
  fine_grained_forbidden: 'Fine-grained tokens forbidden',
  scoped_forbidden: 'Scoped tokens forbidden',
  key_forbidden: 'SSH keys forbidden',
  lifetime_over_policy: 'Lifetime longer than allowed',
  sso_not_authorized: 'Token not authorized for single sign-on',
  sso_not_proved: 'No recent single sign-on',
  two_factor_required: 'Two-factor authentication required',
  grant_pending: 'Waiting for approval',
  grant_denied: 'Approval denied',
  grant_revoked: 'Access revoked by the organization',
  public_only: 'Public repositories only',
  resource_owner_mismatch: 'Repository of another owner',
  token_for_other_resource: 'A token for another service',
  ref_not_allowed: 'Branch or tag not allowed',
  ref_protected: 'Branch or tag protected',
  ref_needs_approval: 'Push needs approval',
  token_in_content: 'A token in the pushed files',
  too_many_refs: 'Too many branches and tags',
  key_reads_only: 'A key that only reads',
  role_insufficient: 'Role too low',
};

/** `Token expired`. */
function titleOf(reason: Reason): string {
  return TITLES[reason] ?? sentenceCase(reason.replaceAll('_', ' '));
}

/** Every topic, in the order of the table. */
export function helpTopics(publicUrl: string): readonly HelpTopic[] {
  return REASONS.map((reason) => helpTopic(reason, publicUrl));
}
