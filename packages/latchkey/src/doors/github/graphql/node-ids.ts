/**
 * Ids of nodes: REST's `node_id`, and the same form for what is in a repository, with the repository's number.
 */
const TYPES = ['User', 'Bot', 'Organization', 'Repository', 'Ref', 'Commit', 'Tag', 'Tree', 'Blob'] as const;
type NodeType = (typeof TYPES)[number];

export interface NodeName {
  readonly type: NodeType;
  /** Of the account or repository. */
  readonly id: number;
  /** In a repository: the name of the ref, the id of the object; '' for the repository itself. */
  readonly within: string;
}

/** The id of something in a repository. */
export function idWithin(type: NodeType, repositoryId: number, name: string): string {
  return Buffer.from(`0${type.length}:${type}${repositoryId}:${name}`).toString('base64');
}

/** What an id stands for; null when it is made up. */
export function readNodeId(id: string): NodeName | null {
  if (id.length > 1024) return null;
  const text = Buffer.from(id, 'base64').toString('utf8');
  const [, length = '', name = '', number = '', within = ''] =
    /^0(\d{1,2}):([A-Za-z]+)(\d{1,15})(?::(.+))?$/.exec(text) ?? [];
  const type = TYPES.find((one) => one === name);
  if (type === undefined || Number(length) !== type.length) return null;
  return { type, id: Number(number), within };
}
