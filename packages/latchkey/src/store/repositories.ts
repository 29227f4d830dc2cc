/**
 * Repositories: names unique within an owner regardless of case, and their former names.
 *
 * Invariant: a former name leads to its repository until somebody takes the name; a name in use always wins.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Visibility } from '../rules/model.ts';
import { nameKey } from '../rules/names.ts';
import type { RefProtection } from '../rules/refs/ref-protections.ts';
import type { Ruleset } from '../rules/refs/rulesets.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { protectionsIn } from './ref-protections.ts';
import { bumpRevision, type Subject, subjectOf } from './revision.ts';
import { rulesetsIn } from './rulesets.ts';
import type { RepositoriesTable } from './schema.ts';

export interface Repository {
  readonly id: number;
  readonly ownerId: number;
  readonly name: string;
  readonly description: string;
  /** '' = none. */
  readonly homepage: string;
  readonly visibility: Visibility;
  readonly archivedAt: UnixSeconds | null;
  readonly objectFormat: 'sha1' | 'sha256';
  /** Protected branches and tags, and its own rulesets, in the order in which they were added. */
  readonly protections: readonly RefProtection[];
  readonly rulesets: readonly Ruleset[];
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
  readonly pushedAt: UnixSeconds | null;
}

export interface NewRepository {
  readonly ownerId: number;
  readonly name: string;
  readonly description?: string;
  readonly homepage?: string;
  readonly visibility: Visibility;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly at: UnixSeconds;
}

export function repositoryOf(row: Omit<Selectable<RepositoriesTable>, 'name_key'>): Repository {
  return {
    id: row.id,
    ownerId: row.owner_id,
    name: row.name,
    description: row.description,
    homepage: row.homepage,
    visibility: row.visibility,
    archivedAt: row.archived_at,
    objectFormat: row.object_format,
    protections: protectionsIn(row.protections_json),
    rulesets: rulesetsIn(row.rulesets_json),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    pushedAt: row.pushed_at,
  };
}

/**
 * Adds a repository. If its name is another one's old name, that no longer leads there.
 * @throws a unique violation when the name is in use
 */
export async function insertRepository(tx: Query, repository: NewRepository): Promise<Repository> {
  const forgotten = await deleteOldName(tx, repository.ownerId, repository.name);
  const row = await tx
    .insertInto('repositories')
    .values({
      owner_id: repository.ownerId,
      name: repository.name,
      name_key: nameKey(repository.name),
      description: repository.description ?? '',
      homepage: repository.homepage ?? '',
      visibility: repository.visibility,
      object_format: repository.objectFormat ?? 'sha1',
      created_at: repository.at,
      updated_at: repository.at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await bumpRevision(tx, subjectOf('repository', row.id), ...forgotten);
  return repositoryOf(row);
}

export async function repositoryById(q: Query, id: number): Promise<Repository | null> {
  const row = await q.selectFrom('repositories').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : repositoryOf(row);
}

/** Many repositories at once, by id; deleted ones are missing. A few thousand ids at most. */
export async function repositoriesByIds(q: Query, ids: readonly number[]): Promise<Map<number, Repository>> {
  if (ids.length === 0) return new Map();
  const rows = await q.selectFrom('repositories').selectAll().where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, repositoryOf(row)]));
}

/** The repository that has or had this name (`renamed`; after a transfer its owner may be another). */
export async function repositoryByName(
  q: Query,
  ownerId: number,
  name: string,
): Promise<{ repository: Repository; renamed: boolean } | null> {
  const row = await q
    .selectFrom('repositories')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('name_key', '=', nameKey(name))
    .executeTakeFirst();
  if (row !== undefined) return { repository: repositoryOf(row), renamed: false };
  const moved = await q
    .selectFrom('repository_names')
    .innerJoin('repositories', 'repositories.id', 'repository_names.repository_id')
    .selectAll('repositories')
    .where('repository_names.owner_id', '=', ownerId)
    .where('repository_names.name_key', '=', nameKey(name))
    .executeTakeFirst();
  return moved === undefined ? null : { repository: repositoryOf(moved), renamed: true };
}

/** A page of an owner's repositories, newest first. */
export async function listRepositories(q: Query, ownerId: number, page: Page): Promise<Repository[]> {
  const rows = await q
    .selectFrom('repositories')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(repositoryOf);
}

/** A page of all repositories, newest first. */
export async function listAllRepositories(q: Query, page: Page): Promise<Repository[]> {
  const rows = await q
    .selectFrom('repositories')
    .selectAll()
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(repositoryOf);
}

/** Archives (`archivedAt`) or unarchives (null). False when nothing changed, or there is no such repository. */
export async function setArchived(
  tx: Query,
  id: number,
  archivedAt: UnixSeconds | null,
  at: UnixSeconds,
): Promise<boolean> {
  await bumpRevision(tx, subjectOf('repository', id));
  const changed = await tx
    .updateTable('repositories')
    .set({ archived_at: archivedAt, updated_at: at })
    .where('id', '=', id)
    .where('archived_at', archivedAt === null ? 'is not' : 'is', null)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}

/** Changes who may see it. False when nothing changed, or there is no such repository. */
export async function setVisibility(tx: Query, id: number, visibility: Visibility, at: UnixSeconds): Promise<boolean> {
  await bumpRevision(tx, subjectOf('repository', id));
  const changed = await tx
    .updateTable('repositories')
    .set({ visibility, updated_at: at })
    .where('id', '=', id)
    .where('visibility', '<>', visibility)
    .returning('id')
    .executeTakeFirst();
  return changed !== undefined;
}

export async function setDescription(tx: Query, id: number, description: string, at: UnixSeconds): Promise<void> {
  await tx.updateTable('repositories').set({ description, updated_at: at }).where('id', '=', id).execute();
}

/** Sets the repository's home page; '' = none. */
export async function setHomepage(tx: Query, id: number, homepage: string, at: UnixSeconds): Promise<void> {
  await tx.updateTable('repositories').set({ homepage, updated_at: at }).where('id', '=', id).execute();
}

/**
 * Gives a repository another name, another owner, or both; the old name still leads to it. Null when there is no such
 * repository.
 * @throws a unique violation when the name is in use there
 */
export async function moveRepository(
  tx: Query,
  id: number,
  to: { ownerId: number; name: string },
  at: UnixSeconds,
): Promise<Repository | null> {
  const before = await tx
    .selectFrom('repositories')
    .select(['owner_id', 'name_key'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (before === undefined) return null;
  await bumpRevision(tx, subjectOf('repository', id), ...(await deleteOldName(tx, to.ownerId, to.name)));
  const row = await tx
    .updateTable('repositories')
    .set({ owner_id: to.ownerId, name: to.name, name_key: nameKey(to.name), updated_at: at })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  // Teams have roles in repositories of their own organization alone.
  if (before.owner_id !== row.owner_id)
    await tx.deleteFrom('team_repositories').where('repository_id', '=', id).execute();
  // A change of case alone isn't a new name.
  if (before.owner_id !== row.owner_id || before.name_key !== row.name_key) {
    await tx
      .insertInto('repository_names')
      .values({ ...before, repository_id: id })
      .execute();
  }
  return repositoryOf(row);
}

/** Records a push. It changes no right, so it doesn't raise the revision. */
export async function setPushed(tx: Query, id: number, at: UnixSeconds): Promise<void> {
  await tx.updateTable('repositories').set({ pushed_at: at }).where('id', '=', id).execute();
}

/**
 * Deletes a repository with its collaborators and old names; grants that selected it lose it. False when there is no
 * such repository.
 */
export async function deleteRepository(tx: Query, id: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('repository', id));
  const deleted = await tx.deleteFrom('repositories').where('id', '=', id).returning('id').executeTakeFirst();
  return deleted !== undefined;
}

/** Returns the subjects of the repositories that the name led to. */
async function deleteOldName(tx: Query, ownerId: number, name: string): Promise<Subject[]> {
  const rows = await tx
    .deleteFrom('repository_names')
    .where('owner_id', '=', ownerId)
    .where('name_key', '=', nameKey(name))
    .returning('repository_id')
    .execute();
  return rows.map((row) => subjectOf('repository', row.repository_id));
}

export interface RepositoryCounts {
  readonly publicRepositories: number;
  /** Private and internal ones. */
  readonly privateRepositories: number;
}

/** How many repositories an account owns, by who may see them. */
export async function countRepositories(q: Query, ownerId: number): Promise<RepositoryCounts> {
  const rows = await q
    .selectFrom('repositories')
    .select((row) => ['visibility', row.fn.countAll<number>().as('count')])
    .where('owner_id', '=', ownerId)
    .groupBy('visibility')
    .execute();
  const count = (isPublic: boolean): number =>
    rows.filter((row) => (row.visibility === 'public') === isPublic).reduce((sum, row) => sum + Number(row.count), 0);
  return { publicRepositories: count(true), privateRepositories: count(false) };
}

/** Where the files of a repository lie. */
interface RepositoryPlace {
  readonly id: number;
  readonly login: string;
  readonly name: string;
}

/** How many places are read at a time. */
const PLACES = 500;

/** Where the files of all repositories lie, in the order of their ids, read some at a time. */
export async function* repositoryPlaces(q: Query): AsyncGenerator<RepositoryPlace> {
  for (let afterId = 0; ; ) {
    const page: RepositoryPlace[] = await q
      .selectFrom('repositories')
      .innerJoin('accounts', 'accounts.id', 'repositories.owner_id')
      .select(['repositories.id', 'accounts.login', 'repositories.name'])
      .where('repositories.id', '>', afterId)
      .orderBy('repositories.id')
      .limit(PLACES)
      .execute();
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}
