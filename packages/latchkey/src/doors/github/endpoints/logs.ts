/** Security and audit logs: read in pages, or exported whole as JSON lines. */
import { Readable } from 'node:stream';
import {
  exportLog,
  isSearch,
  type LogFilterInput,
  type LogScope,
  readLog,
  searchLog,
} from '../../../actions/organizations/audit-log.ts';
import { MAX_EXAMINED } from '../../../actions/organizations/audit-search.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { Level, PermissionName } from '../../../catalogue/permissions.ts';
import { MAX_PHRASE_LENGTH, MAX_QUALIFIERS, parsePhrase, QUALIFIER_NAMES } from '../../../rules/audit/phrase.ts';
import { INCLUDES } from '../../../rules/audit/search.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { cursorIn, nextKey, pageById } from '../paging.ts';

const optional = Type.Optional;
const FILTERS = {
  action: optional(
    Type.String({ maxLength: 100, description: 'One event, or all of a category: `personal_access_token`.' }),
  ),
  actor: optional(Type.String({ maxLength: 100 })),
  token_id: optional(Type.Integer({ description: 'The token that the events are about.' })),
  since: optional(Type.String({ maxLength: 40 })),
  until: optional(Type.String({ maxLength: 40 })),
  phrase: optional(
    Type.String({
      description:
        `GitHub's search, as in \`action:repo.create -actor:ada created:>=2026-01-01\`. Qualifiers: ` +
        `${QUALIFIER_NAMES.map((name) => `\`${name}\``).join(', ')}. At most ${MAX_PHRASE_LENGTH} characters and ` +
        `${MAX_QUALIFIERS} qualifiers. A page looks at ${MAX_EXAMINED} entries at most: one that is not full may ` +
        'have a next one.',
    }),
  ),
  include: optional(
    Type.Union(
      INCLUDES.map((name) => Type.Literal(name)),
      {
        default: 'all',
        description: '`git`: what was pushed; `web`: everything else. GitHub leaves out git by default.',
      },
    ),
  ),
  order: optional(
    Type.Union([Type.Literal('desc'), Type.Literal('asc')], {
      default: 'desc',
      description: '`desc`: newest first; `asc`: oldest first.',
    }),
  ),
  before: optional(
    Type.String({ maxLength: 40, description: 'A cursor from a Link header: lists what comes before it.' }),
  ),
  format: optional(
    Type.Union([Type.Literal('json'), Type.Literal('jsonl')], {
      description: '`jsonl`: everything, one JSON object per line.',
    }),
  ),
};
const Filters = Type.Object(FILTERS, { additionalProperties: false });
const FiltersOfAll = Type.Object(
  { ...FILTERS, user: optional(Type.String({ maxLength: 100, description: "That person's security log." })) },
  { additionalProperties: false },
);

function filterInputOf(query: Static<typeof Filters>): LogFilterInput {
  const { action, actor, token_id: tokenId, since, until, phrase, include } = query;
  return {
    action,
    actor,
    tokenId,
    since: since === undefined ? undefined : instantOf(since, 'since'),
    until: until === undefined ? undefined : instantOf(until, 'until'),
    qualifiers: phrase === undefined ? undefined : parsePhrase(phrase),
    include,
  };
}

async function answer(
  { ctx, permit, page, query }: Pick<Call<undefined, Static<typeof Filters>>, 'ctx' | 'permit' | 'page' | 'query'>,
  scope: LogScope,
): Promise<Reply> {
  const input = filterInputOf(query);
  const { order, format, before } = query;
  if (format === 'jsonl')
    return {
      status: 200,
      body: Readable.from(exportLog(ctx, permit, scope, { ...input, order })),
      headers: { 'Content-Type': 'application/x-ndjson; charset=utf-8' },
    };
  const { beforeId: after, limit, skip } = pageById(page);
  const cursors = { order: order ?? 'desc', after, before: cursorIn(before, 'before'), limit, skip };
  if (isSearch(input) || order !== undefined || before !== undefined) {
    const { entries, ...neighbours } = await searchLog(ctx, permit, scope, input, cursors);
    return { ...ok(entries.map(({ line }) => line)), neighbours };
  }
  const entries = await readLog(ctx, permit, scope, input, pageById(page));
  return { ...ok(entries.map(({ line }) => line)), next: nextKey(entries, page, ({ id }) => id) };
}

function reads(permission: PermissionName, level: Level = 'read'): Need {
  return { sets: [{ [permission]: level }], publicRead: false, writes: false };
}

export const LOG_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/user/security-log',
    operationId: 'logs/user',
    summary: 'What happened to your account and your tokens, newest first.',
    need: reads('user_events'),
    paged: true,
    query: Filters,
    handle: (call) => answer(call, { of: 'user' }),
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/audit-log',
    operationId: 'orgs/get-audit-log',
    summary: 'What happened in an organization, newest first.',
    need: reads('organization_audit_log'),
    paged: true,
    query: Filters,
    handle: (call) => answer(call, { of: 'organization', name: parameter(call.params, 'org') }),
  }),
  endpoint({
    method: 'GET',
    path: '/enterprise/audit-log',
    operationId: 'enterprise/get-audit-log',
    summary: 'What happened on the instance, newest first.',
    need: reads('instance_audit_log'),
    target: { kind: 'instance' },
    paged: true,
    query: FiltersOfAll,
    handle: (call) =>
      answer(call, call.query.user === undefined ? { of: 'instance' } : { of: 'user', login: call.query.user }),
  }),
];
