/**
 * Looks whether a backup is whole, before anything is made of it.
 *
 * Anybody can compare the parts with their names. With the identity, or where nothing is encrypted, every row is
 * counted and summed up, too; with the key of the instance, its signature tells who made it.
 */
import { hash } from 'node:crypto';
import { Fault, problem } from '../../base/errors.ts';
import type { KeyFile } from '../../base/sealing/key-file.ts';
import { TableSum } from '../../store/copies/rows.ts';
import { type KeptOrMissing, type Manifest, parse } from './format.ts';
import { type Readable, readLines, storedPart } from './parts.ts';

/** Made by the instance whose key is at hand; by somebody else, or changed since; nobody can tell without that key. */
type Origin = 'ours' | 'not ours' | 'unknown';

export interface OpenedBackup {
  readonly name: string;
  readonly manifest: Manifest;
  readonly origin: Origin;
}

/** The names of all complete backups in a place, the newest first. @throws Fault when there is none */
export async function backupNames({ origin }: Pick<Readable, 'origin'>): Promise<string[]> {
  const found = (await origin.names()).flatMap((name) => /^snapshots\/(\w+)\.json(?:\.age)?$/.exec(name)?.[1] ?? []);
  if (found.length === 0)
    throw new Fault('there is no complete backup', {
      hint: 'name a folder, or a file, that latchkey admin backup wrote',
    });
  return found.toSorted().toReversed();
}

/** Reads what a backup holds. @param keys of the instance; null when they are not at hand */
export async function openBackup(from: Readable, name: string, keys: KeyFile | null): Promise<OpenedBackup> {
  const clear = await from.origin.read(`snapshots/${name}.json`);
  const sealed = clear === null ? await from.origin.read(`snapshots/${name}.json.age`) : null;
  if (clear === null && sealed === null) throw problem('not_found', `There is no backup ${name}; there are others.`);
  if (sealed !== null && from.encryption.suffix === '')
    throw problem('unprocessable', 'The backup is encrypted: name the identity that opens it, --identity FILE.');
  const text = sealed === null ? clear : await from.encryption.open(sealed);
  const { manifest, signature } = parse('signed', (text ?? Buffer.alloc(0)).toString('utf8'));
  const signed = keys?.isSignedHere('backup', hash('sha256', manifest, 'hex'), signature);
  const origin = signed === true ? 'ours' : signed === false ? 'not ours' : 'unknown';
  return { name, manifest: parse('manifest', manifest), origin };
}

/** True where a backup was encrypted. */
export async function isEncrypted({ origin }: Pick<Readable, 'origin'>, name: string): Promise<boolean> {
  return (await origin.read(`snapshots/${name}.json.age`)) !== null;
}

/** Compares every part that a backup needs with its name; opens none. Returns how many there are. */
export async function verifyParts({ origin }: Pick<Readable, 'origin'>, name: string): Promise<number> {
  const list = await origin.read(`snapshots/${name}.parts`);
  if (list === null) throw new Fault(`the backup ${name} is not whole: the list of its parts is missing`);
  const digests = list
    .toString('latin1')
    .split('\n')
    .filter((line) => /^[0-9a-f]{64}$/.test(line));
  for (const digest of digests) await storedPart(origin, digest);
  return digests.length;
}

export interface VerifiedContents {
  readonly rows: number;
  readonly repositories: number;
  readonly missing: readonly string[];
}

/** Reads every row and every list, and compares every part that they name. @throws Fault for the first that is wrong */
export async function verifyContents(from: Readable, { manifest }: OpenedBackup): Promise<VerifiedContents> {
  let rows = 0;
  for (const table of manifest.tables) {
    const sum = new TableSum();
    for await (const line of readLines(from, table.parts)) sum.add(line);
    if (sum.rows !== table.rows || sum.digest !== table.digest)
      throw new Fault(`the backup is damaged: the table ${table.name} is not what was written`, {
        hint: 'take it from another copy, or take an earlier backup (--at)',
      });
    rows += sum.rows;
  }
  let repositories = 0;
  const missing: string[] = [];
  for await (const kept of keptRepositories(from, manifest)) {
    if ('missing' in kept) missing.push(`${kept.owner}/${kept.name}: ${kept.missing}`);
    else {
      for (const digest of [...kept.packs.flat(), ...kept.lfs.flatMap(({ parts }) => parts)])
        await storedPart(from.origin, digest);
      repositories++;
    }
  }
  return { rows, repositories, missing };
}

/** Every repository of a backup, by id. */
export async function* keptRepositories(from: Readable, manifest: Manifest): AsyncGenerator<KeptOrMissing> {
  for await (const line of readLines(from, manifest.repositories.parts)) yield parse('repository', line);
}
