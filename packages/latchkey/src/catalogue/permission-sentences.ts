/**
 * One sentence or two for every permission at each of its levels: what it opens, and what that risks. The form, the
 * documents, REST and the command line read the same.
 *
 * Source: our own words, in `permission-sentences.json`; a level says what it adds to the one below.
 */
import data from './permission-sentences.json' with { type: 'json' };
import type { Level, Permission } from './permissions.ts';

const SENTENCES: Readonly<Record<string, Readonly<Partial<Record<Level, string>>>>> = data;

/** What the permission opens at this level. Of an operator's own permissions only their server knows. */
export function permissionSentence(
  { name, title, hosts = [] }: Pick<Permission, 'name' | 'title' | 'hosts'>,
  level: Level,
): string {
  const where = hosts.length === 0 ? '' : ` for ${hosts.join(', ')}`;
  return SENTENCES[name]?.[level] ?? `${title}, as the operator of this server defined it${where}.`;
}
