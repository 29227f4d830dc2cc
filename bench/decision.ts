/** What the decision alone costs, in this process: `decide` on a warm token of 10 grants, and on a classic one. */
import { decide } from '../packages/latchkey/dist/rules/decide.js';
import type { Question } from '../packages/latchkey/dist/rules/model.js';
import { effectivePolicy, NO_POLICY } from '../packages/latchkey/dist/rules/policy.js';
import { figureOf, type Row, spread } from './measure.ts';

const CALLS = 1_000_000;

function question(grants: number): Question {
  return {
    bearer: {
      via: 'token',
      user: {
        id: 1,
        login: 'ada',
        admin: false,
        hasTwoFactor: false,
        suspendedAt: null,
        disabledByProviderAt: null,
        lockedAt: null,
        keeper: null,
      },
      token: {
        id: 7,
        userId: 1,
        kind: 'fine-grained',
        name: 'bench',
        lastEight: 'abcdefgh',
        issuedAt: 1_800_000_000,
        expiresAt: 1_900_000_000,
        notBeforeAt: null,
        revokedAt: null,
        revokedBy: null,
        secretState: 'current',
        secretEndsAt: null,
        scopes: [],
        allowedAddresses: null,
        usesLeft: null,
        refRules: null,
        ssoOrganizationIds: new Set(),
        excludedOrganizationIds: new Set(),
        derived: null,
        grants: Array.from({ length: grants }, (_, i) => ({
          id: i,
          ownerId: 10 + i,
          selection: 'selected' as const,
          repositoryIds: new Set(Array.from({ length: 50 }, (_unused, n) => i * 50 + n)),
          permissions: { contents: 'write' as const, metadata: 'read' as const, issues: 'write' as const },
          state: 'active' as const,
        })),
      },
    },
    need: { sets: [{ git: 'write' }], publicRead: false, writes: true },
    target: {
      kind: 'repository',
      fullName: 'acme/site',
      owner: {
        id: 9 + grants,
        login: 'acme',
        kind: 'organization',
        role: 'member',
        policy: effectivePolicy(NO_POLICY, NO_POLICY),
      },
      repository: {
        id: grants * 50 - 1,
        ownerId: 9 + grants,
        name: 'site',
        visibility: 'private',
        archivedAt: null,
        role: 'write',
        objectFormat: 'sha1',
        protections: [],
      },
    },
    at: 1_850_000_000,
    address: '192.0.2.7',
  };
}

export function benchDecision(rounds: number): Row[] {
  return [1, 10].map((grants) => {
    const asked = question(grants);
    if (!decide(asked).allowed) throw new Error('the bench asks for what is not allowed');
    const runs = Array.from({ length: rounds + 1 }, () => {
      const start = performance.now();
      for (let i = 0; i < CALLS; i++) decide(asked);
      return ((performance.now() - start) * 1000) / CALLS;
    }).slice(1);
    const figure = figureOf(runs);
    return {
      suite: 'decision',
      what: `decide, a token with ${grants} grant${grants === 1 ? '' : 's'} of 50 repositories`,
      figure: spread(figure, 2, ' µs'),
      goal: '< 2 µs',
      reached: figure.median < 2,
      detail: `${CALLS} calls a run`,
    };
  });
}
