/** After a restore, and damage in repositories: what the commands of the operator tell and do, over REST. */
import {
  type RepositoryReport,
  readRepositoryReport,
  requestRepositoryReport,
} from '../../../actions/instance/repository-checks.ts';
import {
  listTokensInDoubt,
  MAX_RESOLVED,
  type PastRestoration,
  readRestoration,
  resolveTokens,
} from '../../../actions/instance/tokens-in-doubt.ts';
import { problem } from '../../../base/errors.ts';
import { Type } from '../../../base/json-schema.ts';
import { isoInstant, type UnixSeconds } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { Level } from '../../../catalogue/permissions.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { ownToken } from '../present/tokens.ts';

const closed = { additionalProperties: false } as const;
const instance = { target: { kind: 'instance' } } as const;

const tokens = (level: Level): Need => ({
  sets: [{ instance_personal_access_tokens: level }],
  publicRead: false,
  writes: level === 'write',
});

const instant = (at: UnixSeconds | null): string | null => (at === null ? null : isoInstant(at));

function shownRestoration(last: PastRestoration) {
  return {
    restored_at: isoInstant(last.at),
    epoch: last.epoch,
    known: last.known,
    lost_entries: last.lostEntries,
    revoked_tokens: last.endedTokens,
    suspended_people: last.suspended,
    locked_people: last.locked,
    to_be_done_by_hand: Object.entries(last.byHand).map(([action, times]) => ({ action, times })),
  };
}

const RESTORATION: readonly Endpoint[] = [
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/restoration',
    operationId: 'enterprise/get-restoration',
    summary:
      'What the last restore of a backup ended, and how many tokens are in doubt. `last` is null if there was none.',
    need: tokens('read'),
    handle: async ({ ctx, permit }) => {
      const { last, inDoubt } = await readRestoration(ctx, permit);
      return ok({ last: last === null ? null : shownRestoration(last), tokens_in_doubt: inDoubt });
    },
  }),
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/restoration/personal-access-tokens',
    operationId: 'enterprise/list-tokens-in-doubt',
    summary: 'Tokens that the restore revoked although nobody is known to have ended them, newest first.',
    need: tokens('read'),
    paged: true,
    handle: async ({ ctx, permit, apiUrl, page }) => {
      const found = await listTokensInDoubt(ctx, permit, pageById(page));
      return {
        ...ok(found.map((token) => ownToken(apiUrl, token, ctx.clock.now()))),
        next: nextKey(found, page, ({ id }) => id),
      };
    },
  }),
  endpoint({
    ...instance,
    method: 'POST',
    path: '/enterprise/restoration/personal-access-tokens',
    operationId: 'enterprise/resolve-tokens-in-doubt',
    summary:
      'Brings tokens in doubt back (`restore`), or revokes them for good (`keep_revoked`): those in `token_ids`, or ' +
      `with \`all\` every one, ${MAX_RESOLVED} in one request; \`left\` says how many remain.`,
    need: tokens('write'),
    success: 200,
    body: Type.Object(
      {
        action: Type.Union([Type.Literal('restore'), Type.Literal('keep_revoked')]),
        token_ids: Type.Optional(
          Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: MAX_RESOLVED, uniqueItems: true }),
        ),
        all: Type.Optional(Type.Literal(true)),
      },
      closed,
    ),
    handle: async ({ ctx, permit, body }) => {
      if ((body.token_ids === undefined) === (body.all === undefined))
        throw problem('missing', 'Say which tokens: token_ids or all, one of both.', 'token_ids');
      const verdict = body.action === 'restore' ? 'restore' : 'keep';
      const { resolved, failed, left } = await resolveTokens(ctx, permit, verdict, body.token_ids ?? 'all');
      return ok({
        resolved,
        failed: failed.map(({ id, name, message }) => ({ token_id: id, token_name: name, message })),
        left,
      });
    },
  }),
];

/** To look is no change, whatever is found. */
const LOOK: Need = { sets: [{ instance_audit_log: 'read' }], publicRead: false, writes: false };

function shownReport({ state, requestedAt, startedAt, finishedAt, findings }: RepositoryReport) {
  return {
    state,
    requested_at: instant(requestedAt),
    started_at: instant(startedAt),
    finished_at: instant(finishedAt),
    report:
      findings === null
        ? null
        : {
            looked_at: findings.looked,
            damaged: findings.damaged,
            without_files: findings.withoutFiles,
            on_disk_alone: findings.unknown,
            unfinished: findings.unfinished,
          },
  };
}

const CHECKS: readonly Endpoint[] = [
  endpoint({
    ...instance,
    method: 'POST',
    path: '/enterprise/repository-check',
    operationId: 'enterprise/start-repository-check',
    summary:
      'Starts a check of all repositories: for damage, and for what is only on the disk or only in the database.',
    need: LOOK,
    success: 202,
    handle: async ({ ctx, permit }) => {
      await requestRepositoryReport(ctx, permit);
      return { status: 202, body: shownReport(await readRepositoryReport(ctx, permit)) };
    },
  }),
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/repository-check',
    operationId: 'enterprise/get-repository-check',
    summary: 'The last report on all repositories (`report` is null before the first), and whether a check is running.',
    need: LOOK,
    handle: async ({ ctx, permit }) => ok(shownReport(await readRepositoryReport(ctx, permit))),
  }),
];

export const RECOVERY_ENDPOINTS: readonly Endpoint[] = [...RESTORATION, ...CHECKS];
