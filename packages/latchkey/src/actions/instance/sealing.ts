/**
 * The key that seals what a stolen database must not give away: loaded at start, changed by the operator.
 *
 * Invariant: a process that can't open what the others sealed does not start.
 * Invariant: clear text from older releases is sealed at the first start; text sealed with an old key is resealed
 * once a day.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, problem } from '../../base/errors.ts';
import {
  addKey,
  KEY_FILE_NAME,
  KeyFile,
  makeKeyFile,
  SEALED_COLUMNS,
  type SealedColumn,
} from '../../base/sealing/key-file.ts';
import type { Settings } from '../../base/settings/settings.ts';
import type { UnixSeconds } from '../../base/time.ts';
import type { Store } from '../../store/db.ts';
import { claimSealingKey, replaceText, sealingKeyId, setSealingKey, staleTexts } from '../../store/sealing.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/** Rows sealed again in one transaction. */
const BATCH = 200;

/** The path of the key file: as set, or in the data folder. */
export function keyFilePath({ secretKeyFile, data }: Pick<Settings, 'secretKeyFile' | 'data'>): string {
  return secretKeyFile ?? join(data, KEY_FILE_NAME);
}

/**
 * The keys of this process. The very first start makes the file, unless one is named.
 * @throws Fault when the file lacks the key in force, unless that is lost
 */
export async function openKeys(settings: Settings, store: Store, at: UnixSeconds, lost: boolean): Promise<KeyFile> {
  const path = keyFilePath(settings);
  let inForce = await sealingKeyId(store.db);
  if (settings.secretKeyFile === null && (inForce === null || lost)) makeKeyFile(path);
  if (inForce !== null && !existsSync(path)) throw lacksKey(path, inForce);
  const keys = new KeyFile(path);
  if (inForce === null) {
    // Two nodes may start at once: the first one decides for both.
    await store.transaction((tx) => claimSealingKey(tx, keys.ids[0] ?? '', at));
    inForce = (await sealingKeyId(store.db)) ?? '';
    if (keys.ids.includes(inForce)) await sealAnew({ store, keys }, inForce);
  }
  if (!keys.ids.includes(inForce) && !lost) throw lacksKey(path, inForce);
  return keys;
}

/**
 * The keys, without making any; null when the first start will make them.
 * @throws Fault when the file lacks the key in force
 */
export async function keysAsTheyAre(settings: Settings, { db }: Pick<Store, 'db'>): Promise<KeyFile | null> {
  const path = keyFilePath(settings);
  const inForce = await sealingKeyId(db);
  if (inForce === null && settings.secretKeyFile === null && !existsSync(path)) return null;
  if (inForce !== null && !existsSync(path)) throw lacksKey(path, inForce);
  const keys = new KeyFile(path);
  if (inForce !== null && !keys.ids.includes(inForce)) throw lacksKey(path, inForce);
  return keys;
}

function lacksKey(path: string, id: string): Fault {
  return new Fault(`the database is sealed with the key ${id}, which is not in ${path}`, {
    hint:
      'copy the key file of the node that runs, or of your backup, there, or name it: --secret-key-file FILE ' +
      '(if it is lost: latchkey admin secrets rotate --lost-key)',
  });
}

/** How many texts were sealed again, and how many can't be opened. */
interface SealedAnew {
  readonly sealed: number;
  readonly lost: number;
}

type SealingParts = Pick<Context, 'store' | 'keys'>;

/**
 * The job `seal-anew`: seals everything that isn't sealed with the key in force, if that is this process's first key.
 */
export async function sealWhatIsStale(ctx: Context): Promise<void> {
  const inForce = await sealingKeyId(ctx.store.db);
  if (inForce !== null && ctx.keys.ids[0] === inForce) await sealAnew(ctx, inForce);
}

async function sealAnew(parts: SealingParts, keyId: string): Promise<SealedAnew> {
  const total = { sealed: 0, lost: 0 };
  for (const column of SEALED_COLUMNS) {
    let afterKey = 0;
    for (;;) {
      const batch = await sealBatch(parts, column, keyId, afterKey);
      if (batch === null) break;
      afterKey = batch.lastKey;
      total.sealed += batch.sealed;
      total.lost += batch.lost;
    }
  }
  return total;
}

async function sealBatch(
  { store, keys }: SealingParts,
  column: SealedColumn,
  keyId: string,
  afterKey: number,
): Promise<(SealedAnew & { lastKey: number }) | null> {
  const stale = await staleTexts(store.db, column, keyId, { afterKey, limit: BATCH });
  const last = stale.at(-1);
  if (last === undefined) return null;
  const opened = stale.map((text) => ({ text, clear: openOrNull(keys, column, text.owner, text.text) }));
  await store.transaction(async (tx) => {
    for (const { text, clear } of opened)
      if (clear !== null) await replaceText(tx, column, text, keys.seal(column, text.owner, clear.reveal()));
  });
  const lost = opened.filter(({ clear }) => clear === null).length;
  return { sealed: opened.length - lost, lost, lastKey: Number(last.key) };
}

function openOrNull(keys: KeyFile, ...place: Parameters<KeyFile['open']>): ReturnType<KeyFile['open']> | null {
  try {
    return keys.open(...place);
  } catch {
    return null;
  }
}

export interface Rotation extends SealedAnew {
  /** The key now in force. */
  readonly keyId: string;
  /** True when the operator had already put it first in the file. */
  readonly wasPrepared: boolean;
}

/**
 * Puts another key in force: the first in the file, if it isn't already, or a new one; then seals everything with it.
 * @param onlyNode no other node has its own key file
 * @throws Problem when other nodes may not have the new key
 */
export async function rotateKey(
  ctx: Context,
  permit: Permit,
  { onlyNode, lost }: { readonly onlyNode: boolean; readonly lost: boolean },
): Promise<Rotation> {
  const inForce = await sealingKeyId(ctx.store.db);
  const wasPrepared = ctx.keys.ids[0] !== inForce;
  if (!wasPrepared) {
    if (ctx.store.engine === 'postgres' && !onlyNode)
      throw problem(
        'unprocessable',
        `Other nodes may use this database. Put a new key as the last line into ${ctx.keys.path} on every node, then ` +
          'move it to the first line on every node, and run this again. If this is the only node: --only-node.',
      );
    addKey(ctx.keys.path);
  }
  const keyId = ctx.keys.ids[0] ?? '';
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    await setSealingKey(tx, keyId, at);
    await record(tx, permit, at, { action: 'secret_key.rotate', data: { key: keyId, old_key: inForce, lost } });
  });
  return { keyId, wasPrepared, ...(await sealAnew(ctx, keyId)) };
}
