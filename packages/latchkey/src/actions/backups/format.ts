/**
 * The form of a backup (decision 0630): names of its files, what its manifest and its list of repositories say.
 *
 *     latchkey-backup.json            which instance keeps its backups here
 *     snapshots/20261129T125310Z.json one backup: its manifest, and a signature (.json.age when it is encrypted)
 *     snapshots/20261129T125310Z.parts  the parts that it needs, so that old ones can go and damage be found by anybody
 *     parts/ab/ab12…                  up to 4 MiB of rows, packs or LFS objects, named by the SHA-256 of the file
 *
 * Invariant: what is read from a backup passed these schemas; a name of a file passed `NAMES`. Anybody may have
 * written it.
 */
import { Fault } from '../../base/errors.ts';
import { type Static, type TSchema, Type } from '../../base/json-schema.ts';
import { onDemand } from '../../base/on-demand.ts';

const schemas = onDemand<typeof import('typebox/value')>('typebox/value');

export const HEAD_FILE = 'latchkey-backup.json';
export const FORMAT = 1;
/** A part of a backup before it is compressed and encrypted. */
export const PART_BYTES = 4 * 1024 * 1024;
/** No file of a backup is larger, and no part opens to more: a row with megabytes stays in one part. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Everything that may lie in a backup. */
export const NAMES =
  /^(?:latchkey-backup\.json|snapshots\/\d{8}T\d{6}Z\.(?:json|json\.age|parts)|parts\/([0-9a-f]{2})\/\1[0-9a-f]{62})$/;

const DIGEST = '^[0-9a-f]{64}$';
const Part = Type.String({ pattern: DIGEST });
const Parts = Type.Array(Part);
const Id = Type.Integer({ minimum: 0 });
const Name = Type.String({ minLength: 1, maxLength: 200 });

const Head = Type.Object({ format: Type.Literal(FORMAT), vault: Name, instance: Name });
/** The file that says whose backups these are. */
type Head = Static<typeof Head>;

const Manifest = Type.Object({
  format: Type.Literal(FORMAT),
  version: Name,
  made_at: Id,
  instance: Name,
  epoch: Id,
  audit_id: Id,
  engine: Type.Enum(['sqlite', 'postgres']),
  /** The key that seals what is sealed in it; null = nothing is. */
  key_id: Type.Union([Type.String(), Type.Null()]),
  /** The whole key file, where it was asked for. */
  key_file: Type.Union([Type.String(), Type.Null()]),
  steps: Type.Array(Name),
  counters: Type.Record(Type.String(), Id),
  tables: Type.Array(
    Type.Object({
      name: Name,
      columns: Type.Array(Name),
      rows: Id,
      digest: Type.String({ pattern: DIGEST }),
      parts: Parts,
    }),
  ),
  repositories: Type.Object({ count: Id, parts: Parts }),
});
/** What one backup holds. */
export type Manifest = Static<typeof Manifest>;

const Kept = Type.Object({
  id: Id,
  owner: Name,
  name: Name,
  format: Type.Enum(['sha1', 'sha256']),
  head: Type.String(),
  refs: Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 })),
  settings: Type.Array(Type.Array(Type.String(), { minItems: 1, maxItems: 2 })),
  left_out: Type.Array(Type.String()),
  /** Each is one pack, in parts. */
  packs: Type.Array(Parts),
  lfs: Type.Array(Type.Object({ oid: Type.String({ pattern: DIGEST }), size: Id, parts: Parts })),
});
/** A repository with everything in it. */
export type Kept = Static<typeof Kept>;

const Missing = Type.Object({ id: Id, owner: Name, name: Name, missing: Type.String() });
/** One whose files could not be read, and why. */
type Missing = Static<typeof Missing>;
export type KeptOrMissing = Kept | Missing;

const Signed = Type.Object({ manifest: Type.String(), signature: Type.String() });
/** The manifest as it was signed. */
type Signed = Static<typeof Signed>;

const SCHEMAS = { head: Head, manifest: Manifest, repository: Type.Union([Kept, Missing]), signed: Signed };
interface Read {
  head: Head;
  manifest: Manifest;
  repository: KeptOrMissing;
  signed: Signed;
}

/** Reads a text of a backup. @throws Fault when it is none of its form */
export function parse<K extends keyof Read>(what: K, text: string): Read[K] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notOurs(what);
  }
  if (!schemas().Check(SCHEMAS[what] as TSchema, value)) throw notOurs(what);
  return value as Read[K];
}

function notOurs(what: string): Fault {
  return new Fault(`the backup's ${what} can't be read: it is damaged, or of a newer form`, {
    hint: 'take another backup, or a newer Latchkey',
  });
}

/** `20261129T125310Z` */
export function snapshotName(atSec: number): string {
  return new Date(atSec * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
}

export const partFile = (digest: string): string => `parts/${digest.slice(0, 2)}/${digest}`;
