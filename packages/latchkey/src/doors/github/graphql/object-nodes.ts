/** Refs and git's objects as nodes. */
import type { Permit } from '../../../actions/decision/authorize.ts';
import { type KnownObject, readKnownObjects } from '../../../actions/repositories/history.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Signature } from '../../../git/objects/commits.ts';
import { htmlUrl } from '../present/accounts.ts';
import { type AccountNode, accountNode } from './account-node.ts';
import type { Asking, Subject } from './asking.ts';
import { batched } from './batch.ts';
import { idWithin } from './node-ids.ts';
import type { RepositoryNode } from './repository-node.ts';

/** What the objects of one repository have in common. */
export interface ObjectSource {
  readonly repository: RepositoryNode;
  readonly load: (name: string) => Promise<KnownObject | null>;
}

/** A ref as a node. */
export interface RefNode {
  readonly __typename: 'Ref';
  readonly subject: Subject;
  readonly repository: RepositoryNode;
  readonly qualifiedName: string;
  /** The object that it names, where the list told it. */
  readonly objectId: string | null;
  readonly source: ObjectSource | null;
}

/** How to read objects of a repository, with a permit for its contents. */
export function objectSource(asking: Asking, repository: RepositoryNode, permit: Permit): ObjectSource {
  return { repository, load: batched((names) => readKnownObjects(asking.ctx, permit, names)) };
}

/** A ref as a node; its name alone is told with the repository, what it points to is not. */
export function refNode(
  repository: RepositoryNode,
  qualifiedName: string,
  known: Pick<RefNode, 'objectId' | 'source'> = { objectId: null, source: null },
): RefNode {
  const [, folder = '', ...rest] = qualifiedName.split('/');
  const isShort = rest.length > 0;
  const told = {
    id: idWithin('Ref', repository.seen.repository.id, qualifiedName),
    name: isShort ? rest.join('/') : qualifiedName,
    prefix: isShort ? `refs/${folder}/` : '',
    branchProtectionRule: null,
  };
  return {
    ...told,
    __typename: 'Ref',
    subject: repository.subject,
    repository,
    qualifiedName,
    ...known,
  };
}

const TYPES = { commit: 'Commit', tag: 'Tag', tree: 'Tree', blob: 'Blob' } as const;

/** One of git's objects as a node. */
export interface ObjectNode {
  readonly __typename: (typeof TYPES)[KnownObject['type']];
  readonly subject: Subject;
  readonly source: ObjectSource;
  readonly object: KnownObject;
}

/** An object as a node. */
export function objectNode(asking: Asking, source: ObjectSource, object: KnownObject): ObjectNode {
  const { repository } = source;
  const path = `/${repository.seen.owner.login}/${repository.name}`;
  const html = htmlUrl(asking.apiUrl);
  const api = `${asking.apiUrl}/repos${path}`;
  const __typename = TYPES[object.type];
  const shared = {
    id: idWithin(__typename, repository.seen.repository.id, object.id),
    oid: object.id,
    abbreviatedOid: object.id.slice(0, 7),
    commitResourcePath: `${path}/commit/${object.id}`,
    commitUrl: `${html}${path}/commit/${object.id}`,
    repository,
  };
  return {
    ...shared,
    ...(object.type === 'commit'
      ? {
          ...commitFields(asking, object),
          url: shared.commitUrl,
          resourcePath: shared.commitResourcePath,
          tarballUrl: `${api}/tarball/${object.id}`,
          zipballUrl: `${api}/zipball/${object.id}`,
        }
      : {}),
    ...(object.type === 'tag'
      ? {
          name: object.tag.name,
          message: object.tag.message,
          tagger: object.tag.tagger === null ? null : actorNode(asking, object.tag.tagger, null),
        }
      : {}),
    ...(object.type === 'blob' ? { byteSize: object.sizeBytes } : {}),
    __typename,
    subject: repository.subject,
    source,
    object,
  };
}

function commitFields(asking: Asking, { commit: known }: KnownObject & { type: 'commit' }) {
  const { commit, author, committer } = known;
  const message = commit.message.replace(/\n$/, '');
  const [headline = '', ...body] = message.split('\n');
  return {
    message,
    messageHeadline: headline,
    messageBody: body.join('\n').trim(),
    author: actorNode(asking, commit.author, author),
    committer: actorNode(asking, commit.committer, committer),
    authoredDate: isoInstant(commit.author.at),
    committedDate: isoInstant(commit.committer.at),
  };
}

function actorNode(asking: Asking, { name, email, at }: Signature, user: AccountNode['account'] | null) {
  return {
    name,
    email,
    date: isoInstant(at),
    user: user === null ? null : accountNode(asking, user),
    avatarUrl: () => `${htmlUrl(asking.apiUrl)}/avatars/${user?.id ?? 0}`,
  };
}

/** The object of a name; null when there is none. */
export async function loadNode(asking: Asking, source: ObjectSource, name: string): Promise<ObjectNode | null> {
  const object = await source.load(name);
  if (object === null) return null;
  asking.spend(object.type === 'commit' ? object.commit.commit.message.length : 0);
  return objectNode(asking, source, object);
}
