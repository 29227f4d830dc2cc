/**
 * What the server knows of a person, as one file for them (GDPR, articles 15 and 20): everything that is stored of them
 * but secrets, and what the log says that they did, or that was done to them.
 *
 * Never: the whole of it in memory. A person's log may have a million entries.
 */
import { isoInstant } from '../../base/time.ts';
import type { Account } from '../../store/accounts.ts';
import { PERSONAL_TABLES, type PersonalTableName, personalEntries, personalRows } from '../../store/person-data.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/** Entries of the log that are read at a time. */
const ENTRIES = 500;

/**
 * The file, as JSON in pieces: an object with one list for each kind of thing, instants as ISO 8601 in UTC. Its making
 * is recorded before the first piece.
 */
export async function* knownOf(ctx: Context, permit: Permit, person: Account): AsyncGenerator<string> {
  keepTo(permit, { ownerId: person.id });
  const at = ctx.clock.now();
  await ctx.usage.flush();
  await ctx.store.transaction((tx) =>
    record(tx, permit, at, { action: 'user.export_data', userId: person.id, data: { login: person.login } }),
  );
  const { db } = ctx.store;
  yield `{\n"server": ${JSON.stringify(ctx.settings.publicUrl)},\n"made_at": ${JSON.stringify(isoInstant(at))}`;
  for (const name of Object.keys(PERSONAL_TABLES) as PersonalTableName[]) {
    const rows = await personalRows(db, name, person.id);
    yield `,\n"${name}": ${JSON.stringify(rows.map(readable), null, 1)}`;
  }
  yield ',\n"log": [';
  for (let afterId = 0; ; ) {
    const entries = await personalEntries(db, person.id, { afterId, limit: ENTRIES });
    for (const [i, entry] of entries.entries())
      yield `${afterId === 0 && i === 0 ? '' : ','}\n${JSON.stringify(readable(entry))}`;
    const last = entries.at(-1);
    if (last === undefined || entries.length < ENTRIES) break;
    afterId = last.id;
  }
  yield '\n]\n}\n';
}

/** A row with instants as text, and JSON as what it says. */
function readable(row: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (name.endsWith('_json') && typeof value === 'string')
        return [name.slice(0, -'_json'.length), JSON.parse(value) as unknown];
      const isInstant = (name === 'at' || name.endsWith('_at') || name === 'sudo_until') && typeof value === 'number';
      return [name, isInstant && value > 0 ? isoInstant(value) : value];
    }),
  );
}
