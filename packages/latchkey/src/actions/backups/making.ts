/**
 * Makes a backup while the server runs: all rows of one moment, and the repositories as they were at that moment.
 *
 * Invariant: a backup has its manifest last. What was cut off before that is no backup, and its parts serve the next.
 * Invariant: what is sealed stays sealed. The key goes along only if asked, and then only into an encrypted one.
 */

import { hash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Fault, problem } from '../../base/errors.ts';
import { programVersion } from '../../base/version.ts';
import { type NamedRepository, namedRepositories, pushEntryIds } from '../../store/copies/repositories.ts';
import { lineOf, readRows, type Source, TableSum } from '../../store/copies/rows.ts';
import { type Table, tablesMadeBy } from '../../store/copies/tables.ts';
import type { Query } from '../../store/db.ts';
import { readDatabaseState } from '../../store/epochs.ts';
import { appliedSteps } from '../../store/migrations.ts';
import { listPushIntents } from '../../store/push-intents.ts';
import { sealingKeyId } from '../../store/sealing.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { EarlierBackups } from './earlier.ts';
import type { Encryption } from './encryption.ts';
import { FORMAT, HEAD_FILE, type Manifest, parse, snapshotName } from './format.ts';
import { keepRepository, LATE_ENTRIES, type Moment } from './keeping-repositories.ts';
import { PartsWriter } from './parts.ts';
import { BackupFolder, type Target } from './places.ts';

export interface BackupOptions {
  readonly target: Target;
  readonly encryption: Encryption;
  /** The key file goes along. */
  readonly withKey: boolean;
  /** Keeps everything anew, whatever earlier backups hold. */
  readonly isFull: boolean;
}

export interface MadeBackup {
  /** `20261129T125310Z` */
  readonly name: string;
  readonly rows: number;
  readonly repositories: number;
  /** Written this time. */
  readonly bytes: number;
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  /** Repositories with hooks of their own, which no backup keeps. */
  readonly withHooks: readonly string[];
}

/** @throws Problem or Fault, after which there is no backup of that name */
export async function makeBackup(ctx: Context, permit: Permit, options: BackupOptions): Promise<MadeBackup> {
  const { target, encryption, withKey, isFull } = options;
  if (withKey && encryption.suffix === '')
    throw problem('unprocessable', 'The key goes only into an encrypted backup: add --recipient.');
  const at = ctx.clock.now();
  const name = snapshotName(at);
  const vault = await demandOwnPlace(target, (await readDatabaseState(ctx.store)).instance);
  if (await target.has(`snapshots/${name}.parts`))
    throw problem('unprocessable', 'Another backup was made there within this second: call this again.');
  const parts = new PartsWriter(target, encryption, isFull);
  const { manifest, named, moment } = await ctx.store.snapshot((q) =>
    keepDatabase({ q, engine: ctx.store.engine }, parts),
  );
  const earlier = await EarlierBackups.open(ctx.settings.data, vault.id, vault.isKnown && !isFull);
  try {
    const seen = { missing: [] as { name: string; why: string }[], withHooks: [] as string[] };
    const lists = await parts.write('text', repositoryLines());
    const whole: Manifest = {
      ...manifest,
      version: programVersion(),
      made_at: at,
      key_file: withKey ? await readFile(ctx.keys.path, 'utf8') : null,
      repositories: { count: named.length, parts: lists },
    };
    await target.put(`snapshots/${name}.parts`, Buffer.from([...parts.used].map((digest) => `${digest}\n`).join('')));
    const text = JSON.stringify(whole);
    const signed = { manifest: text, signature: ctx.keys.sign('backup', hash('sha256', text, 'hex')) };
    await target.put(
      `snapshots/${name}.json${encryption.suffix}`,
      await encryption.seal(Buffer.from(JSON.stringify(signed))),
    );
    await target.close();
    await earlier.keep();
    const rows = whole.tables.reduce((sum, table) => sum + table.rows, 0);
    await ctx.store.transaction((tx) =>
      record(tx, permit, ctx.clock.now(), {
        action: 'instance.backup',
        data: { backup: name, encrypted: encryption.suffix !== '', with_key: withKey, repositories: named.length },
      }),
    );
    return { name, rows, repositories: named.length - seen.missing.length, bytes: parts.bytes, ...seen };

    async function* repositoryLines(): AsyncGenerator<Buffer> {
      for (const one of named) {
        const kept = await keepRepository({ ctx, moment, parts, earlier }, one);
        const called = `${one.owner}/${one.name}`;
        if ('missing' in kept) seen.missing.push({ name: called, why: kept.missing });
        else if (kept.left_out.length > 0) seen.withHooks.push(called);
        yield Buffer.from(`${JSON.stringify(kept)}\n`);
      }
    }
  } finally {
    await earlier.close();
  }
}

interface KeptDatabase {
  readonly manifest: Omit<Manifest, 'version' | 'made_at' | 'key_file' | 'repositories'>;
  /** By id. */
  readonly named: readonly NamedRepository[];
  readonly moment: Moment;
}

async function keepDatabase(source: Source, parts: PartsWriter): Promise<KeptDatabase> {
  const { q, engine } = source;
  const state = await readDatabaseState({ db: q, engine });
  const moment = await momentOf(q, state.auditId);
  const steps = await appliedSteps(q);
  const tables: Manifest['tables'] = [];
  for (const table of await tablesMadeBy(steps)) tables.push(await keepTable(source, table, parts));
  return {
    manifest: {
      format: FORMAT,
      instance: state.instance,
      epoch: state.epoch,
      audit_id: state.auditId,
      engine,
      key_id: await sealingKeyId(q),
      steps,
      counters: { ...state.counters },
      tables,
    },
    named: await namedRepositories(q),
    moment,
  };
}

async function momentOf(q: Query, auditId: number): Promise<Moment> {
  return {
    auditId,
    entryIds: new Set(await pushEntryIds(q, auditId - LATE_ENTRIES)),
    intentIds: new Set((await listPushIntents(q, 0, LATE_ENTRIES)).map(({ id }) => id)),
  };
}

async function keepTable(source: Source, table: Table, parts: PartsWriter): Promise<Manifest['tables'][number]> {
  const sum = new TableSum();
  const digests = await parts.write('text', linesOf());
  return { name: table.name, columns: [...table.columns], rows: sum.rows, digest: sum.digest, parts: digests };

  async function* linesOf(): AsyncGenerator<Buffer> {
    for await (const rows of readRows(source, table)) {
      const lines = rows.map(lineOf);
      for (const line of lines) sum.add(line);
      yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
    }
  }
}

/** @throws Fault when the backups there are another instance's */
async function demandOwnPlace(target: Target, instance: string): Promise<{ id: string; isKnown: boolean }> {
  const text = target instanceof BackupFolder ? await target.read(HEAD_FILE) : null;
  if (text !== null) {
    const head = parse('head', text.toString('utf8'));
    if (head.instance !== instance)
      throw new Fault('the backups in that folder are those of another instance', {
        hint: 'name a folder of its own for each instance',
      });
    return { id: head.vault, isKnown: true };
  }
  const id = randomUUID();
  await target.put(HEAD_FILE, Buffer.from(`${JSON.stringify({ format: FORMAT, vault: id, instance })}\n`));
  return { id, isKnown: false };
}
