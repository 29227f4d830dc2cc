/**
 * The logs: a person's security log, an organization's audit log, and the instance's; read in pages or exported as
 * JSON lines.
 *
 * Entries have GitHub's field names (docs "Reviewing the audit log for your organization", "Using the audit log
 * API"), so that tools which read its exports can read these.
 * Never: somebody else's entry. Whose log it is determines what it shows, not a filter.
 */
import { problem } from '../../base/errors.ts';
import { isoInstant, type UnixSeconds } from '../../base/time.ts';
import type { Qualifier } from '../../rules/audit/phrase.ts';
import type { Include, Search } from '../../rules/audit/search.ts';
import { accountByLogin, accountsByIds } from '../../store/accounts.ts';
import { type AuditEntry, type AuditFilter, listAudit } from '../../store/audit.ts';
import type { Query } from '../../store/db.ts';
import { batchesOf, type Page } from '../../store/page.ts';
import { repositoriesByIds } from '../../store/repositories.ts';
import { tokensByIds } from '../../store/tokens.ts';
import { organizationNamed, userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type SearchPage, type SearchResult, searchAudit } from './audit-search.ts';

/** Entries that an export of a search asks for at once. */
const EXPORT_BATCH = 500;

/** Whose log. `user`: the caller's own, or the named person's, for an administrator. */
export type LogScope =
  | { readonly of: 'user'; readonly login?: string }
  | { readonly of: 'organization'; readonly name: string }
  | { readonly of: 'instance' };

export interface LogFilterInput {
  /** `personal_access_token.create`, or a whole category: `personal_access_token` */
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly tokenId?: number | undefined;
  readonly since?: UnixSeconds | undefined;
  /** Before this second. */
  readonly until?: UnixSeconds | undefined;
  /** Of a phrase. */
  readonly qualifiers?: readonly Qualifier[] | undefined;
  readonly include?: Include | undefined;
}

/** An entry as shown and exported. */
export interface LogEntry {
  readonly id: number;
  readonly line: Readonly<Record<string, unknown>>;
}

/** A page of a log, newest first. */
export async function readLog(
  ctx: Context,
  permit: Permit,
  scope: LogScope,
  input: LogFilterInput,
  page: Page,
): Promise<LogEntry[]> {
  const q = ctx.store.db;
  const filter = await filterOf(q, permit, scope, input);
  return filter === null ? [] : named(q, await listAudit(q, filter, page));
}

/** A page of what a phrase finds in a log. */
export async function searchLog(
  ctx: Context,
  permit: Permit,
  scope: LogScope,
  input: LogFilterInput,
  page: SearchPage,
): Promise<Omit<SearchResult, 'entries'> & { readonly entries: readonly LogEntry[] }> {
  const q = ctx.store.db;
  const result = await searchAudit(q, await bounds(q, permit, scope), searchOf(input), page);
  return { ...result, entries: await named(q, result.entries) };
}

/**
 * All of a log that the filter lets through, as JSON lines, many at a time; newest first, where no other order is
 * asked for.
 */
export async function* exportLog(
  ctx: Context,
  permit: Permit,
  scope: LogScope,
  { order = 'desc', ...input }: LogFilterInput & { readonly order?: SearchPage['order'] | undefined },
): AsyncGenerator<string> {
  const lines = (entries: readonly LogEntry[]): string =>
    entries.map(({ line }) => `${JSON.stringify(line)}\n`).join('');
  if (!isSearch(input) && order === 'desc') {
    for await (const entries of batchesOf((page) => readLog(ctx, permit, scope, input, page))) yield lines(entries);
    return;
  }
  let after: number | null = null;
  do {
    const { entries, next }: { entries: readonly LogEntry[]; next: number | null } = await searchLog(
      ctx,
      permit,
      scope,
      input,
      { order, after, before: null, limit: EXPORT_BATCH, skip: 0 },
    );
    if (entries.length > 0) yield lines(entries);
    after = next;
  } while (after !== null);
}

/** True when the input asks for more than the columns by which the store filters. */
export function isSearch({ qualifiers = [], include = 'all' }: LogFilterInput): boolean {
  return qualifiers.length > 0 || include !== 'all';
}

function searchOf({ qualifiers = [], include = 'all', ...input }: LogFilterInput): Search {
  const { action, actor, tokenId = null, since = 0, until = Infinity } = input;
  const also = (name: 'action' | 'actor', value: string | undefined): Qualifier[] =>
    value === undefined ? [] : [{ name, value, without: false }];
  return {
    qualifiers,
    include,
    aboutTokenId: tokenId,
    also: [
      ...also('action', action),
      ...also('actor', actor),
      { name: 'created', value: '', without: false, range: { from: since, until } },
    ],
  };
}

/** Null when nobody has the name in the filter. */
async function filterOf(q: Query, permit: Permit, scope: LogScope, input: LogFilterInput): Promise<AuditFilter | null> {
  const actor = input.actor === undefined ? null : await accountByLogin(q, input.actor);
  if (input.actor !== undefined && actor === null) return null;
  return {
    ...(await bounds(q, permit, scope)),
    ...(input.action === undefined
      ? {}
      : input.action.includes('.')
        ? { action: input.action }
        : { category: input.action }),
    ...(actor === null ? {} : { actorId: actor.id }),
    ...(input.tokenId === undefined ? {} : { tokenId: input.tokenId }),
    ...(input.since === undefined ? {} : { sinceAt: input.since }),
    ...(input.until === undefined ? {} : { untilAt: input.until }),
  };
}

async function bounds(q: Query, permit: Permit, scope: LogScope): Promise<AuditFilter> {
  if (scope.of === 'organization') return { organizationId: (await organizationNamed(q, scope.name)).id };
  if (scope.of === 'instance') return {};
  if (scope.login !== undefined && permit.target.kind === 'instance')
    return { userId: (await userNamed(q, scope.login)).id };
  if (permit.actor.userId === null) throw problem('unprocessable', 'Nobody in particular has no log.');
  return { userId: permit.actor.userId };
}

const ACCESS_TYPE = {
  'fine-grained': 'Fine-grained personal access token',
  classic: 'Personal access token (classic)',
  scoped: 'Personal access token (scoped)',
} as const;

/** Entries as shown in logs, with today's names for their ids. */
export async function named(q: Query, entries: readonly AuditEntry[]): Promise<LogEntry[]> {
  const accounts = await accountsByIds(q, [
    ...new Set(entries.flatMap(({ userId, organizationId }) => [userId, organizationId].filter((id) => id !== null))),
  ]);
  const repositories = await repositoriesByIds(q, [
    ...new Set(entries.flatMap(({ repositoryId }) => repositoryId ?? [])),
  ]);
  const tokens = await tokensByIds(q, [...new Set(entries.flatMap(({ actorTokenId }) => actorTokenId ?? []))]);
  return entries.map((entry) => {
    const [user, organization] = [entry.userId, entry.organizationId].map((id) =>
      id === null ? undefined : accounts.get(id),
    );
    const repository = entry.repositoryId === null ? undefined : repositories.get(entry.repositoryId);
    const token = entry.actorTokenId === null ? undefined : tokens.get(entry.actorTokenId);
    const line = {
      '@timestamp': entry.at * 1000,
      _document_id: String(entry.id),
      action: entry.action,
      actor: entry.actorLogin,
      actor_id: entry.actorId,
      actor_ip: entry.address,
      user_agent: entry.userAgent,
      created_at: entry.at * 1000,
      created: isoInstant(entry.at),
      ...(entry.userId === null ? {} : { user: user?.login ?? null, user_id: entry.userId }),
      ...(entry.organizationId === null ? {} : { org: organization?.login ?? null, org_id: entry.organizationId }),
      ...(entry.repositoryId === null
        ? {}
        : { repo: entry.data['repo'] ?? repository?.name ?? null, repo_id: entry.repositoryId }),
      ...(entry.tokenId === null ? {} : { about_token_id: entry.tokenId }),
      ...(entry.actorTokenId === null
        ? {}
        : {
            token_id: entry.actorTokenId,
            programmatic_access_type: token === undefined ? null : ACCESS_TYPE[token.kind],
            user_programmatic_access_name: token?.name ?? null,
          }),
      data: entry.data,
    };
    return { id: entry.id, line };
  });
}
