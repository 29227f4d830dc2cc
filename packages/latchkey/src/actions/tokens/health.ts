/** The health of a person's tokens, and the days on which they expire as a calendar (RFC 5545). */

import { isoInstant } from '../../base/time.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import { type Finding, findingsOf } from '../../rules/token-health.ts';
import { listTokens } from '../../store/tokens.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { tokenPath } from '../ground/token-names.ts';
import { type TokenRow, tokenRows } from './own-tokens.ts';

export type { Finding };

/** The most tokens to check, the newest first. */
export const MAX_CHECKED = 1_000;

export interface CheckedToken extends TokenRow {
  readonly findings: readonly Finding[];
}

/** Every living token of the caller, with what is wrong with it. */
export async function checkHealth(ctx: Context, permit: Permit): Promise<CheckedToken[]> {
  const { userId } = permit.actor;
  if (userId === null) throw new TypeError('only a person has tokens');
  await ctx.usage.flush();
  const rows = await tokenRows(ctx, await listTokens(ctx.store.db, userId, {}, { beforeId: null, limit: MAX_CHECKED }));
  const at = ctx.clock.now();
  return rows.map((row) => ({ ...row, findings: findingsOf({ ...row, usedAt: row.lastUse?.usedAt ?? null }, at) }));
}

/**
 * The ends of the caller's tokens as an iCalendar: one event each, with an alarm a week before. Names and paths only.
 */
export async function expiryCalendar(ctx: Context, permit: Permit): Promise<string> {
  const { host } = new URL(ctx.settings.publicUrl);
  const now = stamp(ctx.clock.now());
  const events = (await checkHealth(ctx, permit))
    .flatMap(({ expiresAt, ...token }) => (expiresAt === null ? [] : [{ ...token, expiresAt }]))
    .flatMap((token) => [
      'BEGIN:VEVENT',
      `UID:token-${token.id}@${host}`,
      `DTSTAMP:${now}`,
      `DTSTART:${stamp(token.expiresAt)}`,
      `SUMMARY:${escaped(`Token “${token.name}” ends`)}`,
      `DESCRIPTION:${escaped(`${rightSentence(token, 'owner')} Renew it: ${renewalOf(ctx, token)}`)}`,
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      `DESCRIPTION:${escaped(`Token “${token.name}” ends in a week`)}`,
      'TRIGGER:-P7D',
      'END:VALARM',
      'END:VEVENT',
    ]);
  return [
    ...[
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Latchkey//Token expiry//EN',
      'X-WR-CALNAME:Latchkey tokens',
      ...events,
      'END:VCALENDAR',
    ].map(folded),
    '',
  ].join('\r\n');
}

function stamp(at: number): string {
  return isoInstant(at).replace(/[-:]/g, '');
}

function escaped(text: string): string {
  return text.replace(/[\\;,]/g, (character) => `\\${character}`).replace(/\r?\n/g, '\\n');
}

/** RFC 5545 section 3.1, minus the space before a continued line. */
const MAX_LINE_BYTES = 74;

/** Splits a long line into several, each but the first after a space. Never cuts a character. */
function folded(line: string): string {
  const bytes = Buffer.from(line);
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(start + MAX_LINE_BYTES, bytes.length);
    // 10xxxxxx continues a character.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    lines.push(bytes.toString('utf8', start, end));
    start = end;
  }
  return lines.join('\r\n ');
}

function renewalOf({ settings }: Context, { kind, id }: Pick<CheckedToken, 'kind' | 'id'>): string {
  return `${settings.publicUrl}${tokenPath(kind, id)}/renew`;
}
