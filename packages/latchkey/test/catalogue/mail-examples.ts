/** One example of every mail, with facts as they are: for the test of all mails, and for their pictures. */
import type { MailFacts, MailTemplate } from '../../src/catalogue/mails/mails.ts';

const at = Date.UTC(2026, 10, 29, 9, 30) / 1000;
const token = {
  name: 'nightly backup',
  lastEight: 'x1Y2z3A4',
  path: '/settings/personal-access-tokens/7',
};
const right = 'Can read and write code in acme/site.';
const alarming = { at, alarmPath: '/not-me/EXAMPLE' };
const byAda = { by: 'ada', address: '192.0.2.7' };
const byOperator = { by: 'operator', address: null };
const requests = {
  organization: 'acme',
  path: '/organizations/acme/settings/personal-access-token-requests',
  requests: [
    { login: 'grace', tokenName: 'laptop' },
    { login: 'mori', tokenName: 'ledger bot' },
  ],
  total: 5,
};

export const MAIL_EXAMPLES: { readonly [K in MailTemplate]: MailFacts[K] } = {
  requests_waiting: requests,
  requests_admitted: { ...requests, by: 'ada' },
  requests_reminder: {
    organization: 'acme',
    path: requests.path,
    login: 'grace',
    tokens: ['laptop', 'ledger bot'],
    since: at,
  },
  repository_damaged: { repository: 'acme/site', said: 'error: object file is empty' },
  email_verification: { address: 'ada@example.org', path: '/verify/EXAMPLE', hours: 24 },
  password_reset: { path: '/password_reset/EXAMPLE', minutes: 60, address: '192.0.2.7' },
  invitation: { by: 'operator', path: '/signup/EXAMPLE', days: 7 },
  welcome: { by: 'ada', login: 'grace', path: '/password_reset/EXAMPLE', days: 7 },
  sign_in: { ...alarming, address: '192.0.2.7', agent: 'Firefox on Linux' },
  password_changed: { ...byAda, ...alarming },
  two_factor_changed: { ...byAda, ...alarming, on: true },
  recovery_codes_changed: { ...byAda, ...alarming },
  passkeys_changed: { ...byAda, ...alarming, name: 'laptop', added: true },
  ssh_keys_changed: { ...byAda, ...alarming, name: 'laptop', print: 'SHA256:EXAMPLE', added: true },
  identities_changed: { ...byAda, ...alarming, provider: 'Example', name: 'ada@example.org', added: true },
  emails_changed: { ...byOperator, ...alarming, email: 'ada@example.org', change: 'made primary' },
  account_locked: { by: null, path: '/password_reset/EXAMPLE', minutes: 60 },
  account_renamed: { login: 'hopper', before: 'grace', by: 'ada', until: at, isOrganization: false },
  account_deleted: { login: 'grace', by: 'ada', reservedUntil: at },
  account_locked_notice: { login: 'grace', by: 'operator', mailed: true },
  push_waiting: {
    token: 'agent',
    by: 'ada, through claude-code/2.1',
    address: '192.0.2.7',
    deed: 'push to main',
    repository: 'acme/site',
    from: '1a2b3c4',
    to: '5d6e7f8',
    commits: ['Say when we are open', 'Draw the logo'],
    changes: '2 commits, 3 files, 41 lines added and 7 removed.',
    path: '/settings/push-approvals/1',
    until: at,
  },
  token_created: { token, right, ...byOperator },
  token_regenerated: { token, ...byAda },
  token_ending: { token, daysLeft: 6, endsAt: at },
  token_ended: { token, endedAt: at },
  token_unused: { token, lastUsedAt: null, endsAt: at },
  token_disused: { token, lastUsedAt: at },
  token_restored: { token, right, by: 'ada' },
  token_confirmed: { token, right, by: 'operator' },
  token_leaked: { token, where: 'acme/site at src/app.ts:3' },
  token_revoked: { token, by: 'operator', reason: 'Nobody knows what it is for' },
  token_approved: { token, right, organization: 'acme', by: 'ada' },
  token_denied: { token, right, organization: 'acme', by: 'ada', reason: 'Reading is enough' },
  access_revoked: { token, organization: 'acme', by: 'ada', reason: null },
  token_admitted: { token, right, organization: 'acme', by: 'ada' },
  access_restored: { token, right, organization: 'acme', by: 'ada' },
  old_secret_used: { token, replacedAt: at, address: '192.0.2.7', purpose: 'fetch acme/site' },
};
