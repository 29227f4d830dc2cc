/**
 * GitHub's syntax of a search for repositories, as far as there is something to find: words in the name, whose it is,
 * who sees it, archived, and the order.
 */
import type { FoundRepository, RepositoryOrder } from '../../actions/repositories/search.ts';

/** A search, as the action takes it, and what it doesn't know. */
export interface RepositoryPhrase {
  readonly search: { readonly search?: string; readonly archived?: boolean };
  readonly order: { readonly by: RepositoryOrder; readonly direction: 'asc' | 'desc' };
  fits(row: FoundRepository): boolean;
}

type Test = (row: FoundRepository) => boolean;

const ORDERS: Readonly<Record<string, RepositoryOrder>> = { updated: 'last_activity_at', created: 'created_at' };
const VISIBILITIES: ReadonlySet<string> = new Set(['public', 'private', 'internal']);

/** Reads a phrase. Null when it asks for something that no repository has here, such as a topic. */
export function readSearch(phrase: string, viewer: string): RepositoryPhrase | null {
  const words: string[] = [];
  const owners: string[] = [];
  const tests: Test[] = [];
  let archived: boolean | undefined;
  let order: RepositoryPhrase['order'] = { by: 'last_activity_at', direction: 'desc' };
  for (const part of phrase.split(/\s+/).filter((one) => one !== '')) {
    const [, name = '', quoted = ''] = /^([a-z]+):(.*)$/.exec(part) ?? [];
    const value = quoted.replace(/^"(.*)"$/, '$1').toLowerCase();
    if (name === '') words.push(part.replace(/^"(.*)"$/, '$1'));
    else if (name === 'user' || name === 'org' || name === 'owner')
      owners.push(value === '@me' ? viewer.toLowerCase() : value);
    else if (name === 'archived') archived = value === 'true';
    else if ((name === 'is' || name === 'visibility') && VISIBILITIES.has(value))
      tests.push(({ repository }) => repository.visibility === value);
    else if (name === 'sort') {
      const [by = '', direction] = value.split('-');
      order = { by: ORDERS[by] ?? 'last_activity_at', direction: direction === 'asc' ? 'asc' : 'desc' };
    } else if (name === 'repo')
      tests.push(({ owner, repository }) => `${owner.login}/${repository.name}`.toLowerCase() === value);
    // Nothing is a fork, so a search with or without them, or in which texts, finds the same.
    else if (!((name === 'fork' && value !== 'only') || name === 'in')) return null;
  }
  if (owners.length > 0) tests.push(({ owner }) => owners.includes(owner.login.toLowerCase()));
  return {
    search: {
      ...(words.length === 0 ? {} : { search: words.join(' ') }),
      ...(archived === undefined ? {} : { archived }),
    },
    order,
    fits: (row) => tests.every((test) => test(row)),
  };
}
