/**
 * The tokens that reach an organization as a file for its owners: CSV for tables, JSON for programs.
 *
 * Never: a secret, or the whole of it in memory.
 */
import { isoInstant, type UnixSeconds } from '../../base/time.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { everythingReaching, type ReachingRow, type ReachTab, type ReachWish } from '../organizations/lists.ts';

export const EXPORT_FORMATS = ['csv', 'json'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Exported = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

const instant = (at: UnixSeconds | null): string | null => (at === null ? null : isoInstant(at));

function exported({ token, owner, lastUse, sentence, permissions, repositoryNames, excluded }: ReachingRow): Exported {
  return {
    id: token.id,
    owner: owner.login,
    name: token.name,
    kind: token.kind,
    last_characters: token.lastEight,
    does: sentence,
    permissions: Object.entries(permissions).map(([name, level]) => `${name}:${level}`),
    repositories: repositoryNames,
    scopes: token.scopes,
    created_at: instant(token.createdAt),
    expires_at: instant(token.expiresAt),
    last_used_at: instant(lastUse?.usedAt ?? null),
    revoked_here: excluded,
  };
}

/** The header, where there is nothing to take it from. */
const COLUMNS = [
  'id',
  'owner',
  'name',
  'kind',
  'last_characters',
  'does',
  'permissions',
  'repositories',
  'scopes',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_here',
];

/**
 * A field of CSV (RFC 4180). What spreadsheets would take for a formula gets an apostrophe before it: people choose the
 * names of tokens (OWASP, "CSV Injection").
 */
function field(value: Exported[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * The file in pieces. That it was taken out is recorded before the first.
 * @throws Problem when a filter can't be read
 */
export async function* exportTokens(
  ctx: Context,
  permit: Permit,
  { organization, format }: { readonly organization: string; readonly format: ExportFormat },
  wish: Pick<ReachWish<ReachTab>, 'filter' | 'tab' | 'text'>,
): AsyncGenerator<string> {
  const { target } = permit;
  const organizationId = target.kind === 'instance' ? null : (target.owner?.id ?? null);
  await ctx.store.transaction((tx) =>
    record(tx, permit, ctx.clock.now(), {
      action: 'org.export_tokens',
      organizationId,
      data: { org: organization, format },
    }),
  );
  yield format === 'csv' ? `${COLUMNS.join(',')}\r\n` : '[';
  let isFirst = true;
  for await (const rows of everythingReaching(ctx, permit, organization, wish))
    for (const row of rows.map(exported)) {
      if (format === 'csv') yield `${COLUMNS.map((name) => field(row[name])).join(',')}\r\n`;
      else yield `${isFirst ? '' : ','}\n${JSON.stringify(row)}`;
      isFirst = false;
    }
  if (format === 'json') yield '\n]\n';
}
