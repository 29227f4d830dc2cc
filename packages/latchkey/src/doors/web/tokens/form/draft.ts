/**
 * The fields of the fine-grained form, and the draft that they make. Their names are those of GitHub's pre-filled
 * links, so a link fills the form and the form makes a link.
 *
 * Fields of additional resource owners have a prefix (`2.contents`); the first one's have none.
 */
import { problem } from '../../../../base/errors.ts';
import { isoDate, type UnixSeconds } from '../../../../base/time.ts';
import { PERMISSIONS } from '../../../../catalogue/permissions.ts';
import { MAX_GRANTS, type TokenDraft } from '../../../../rules/draft.ts';
import { type GrantDraft, ownerNamed } from '../../../../rules/grant-draft.ts';
import type { RepositorySelection } from '../../../../rules/model.ts';
import type { ExpiryDraft } from '../../../../rules/token-limits.ts';

/** In the list of owners: one that is typed instead. */
export const OTHER_OWNER = '*';
const SELECTIONS: readonly RepositorySelection[] = ['public', 'all', 'selected'];

/** The prefix of the fields of the grant with this index. */
export function prefixOf(index: number): string {
  return index === 0 ? '' : `${index + 1}.`;
}

/** How many resource owners the form shows. */
export function grantCount(source: URLSearchParams): number {
  const count =
    Number(source.get('grants') ?? '1') +
    (source.get('form') === 'add-owner' ? 1 : 0) -
    (source.get('form') === 'remove-owner' ? 1 : 0);
  return Number.isInteger(count) ? Math.min(Math.max(count, 1), MAX_GRANTS) : 1;
}

/** The chosen owner's login, or that of the repositories that a link names in full; '' = oneself. */
export function ownerOf(source: URLSearchParams, index: number): string {
  const prefix = prefixOf(index);
  const chosen = source.get(`${prefix}target_name`) ?? '';
  if (chosen === OTHER_OWNER) return (source.get(`${prefix}other_owner`) ?? '').trim();
  return ownerNamed(chosen, source.getAll(`${prefix}repositories`));
}

/** The chosen permissions, whether they are valid or not. */
export function permissionsOf(source: URLSearchParams, index: number): Record<string, string> {
  const prefix = prefixOf(index);
  return Object.fromEntries(
    PERMISSIONS.flatMap(({ name }) => {
      const level = source.get(prefix + name) ?? '';
      return level === '' ? [] : [[name, level]];
    }),
  );
}

/** The selection: as chosen, or as the address fills it in; `all` when it names repository permissions. */
export function selectionOf(source: URLSearchParams, index: number): RepositorySelection {
  const chosen = SELECTIONS.find((each) => each === source.get(`${prefixOf(index)}selection`));
  if (chosen !== undefined) return chosen;
  if (source.getAll(`${prefixOf(index)}repositories`).some((name) => name !== '')) return 'selected';
  const names = Object.keys(permissionsOf(source, index));
  return PERMISSIONS.some(({ group, name }) => group === 'repository' && names.includes(name)) ? 'all' : 'public';
}

/** What the fields of one resource owner make. */
export function grantOf(source: URLSearchParams, index: number): GrantDraft {
  const prefix = prefixOf(index);
  const selection = selectionOf(source, index);
  return {
    owner: ownerOf(source, index),
    selection,
    repositories:
      selection === 'selected'
        ? [...new Set(source.getAll(`${prefix}repositories`))].filter((name) => name !== '')
        : [],
    permissions: permissionsOf(source, index),
    justification: source.get(`${prefix}reason`) || null,
  };
}

/** The chosen life. @throws Problem when a day had to be chosen and none was */
export function readExpiry(source: URLSearchParams): ExpiryDraft {
  const chosen = (source.get('expires_in') ?? '').trim();
  if (chosen === '') return {};
  if (chosen === 'none') return { expiresInDays: null };
  if (chosen !== 'custom') return { expiresInDays: /^\d{1,4}$/.test(chosen) ? Number(chosen) : NaN };
  const at = dayAt(source.get('expires_at') ?? '');
  if (at === null) throw problem('missing_field', 'Choose the day on which the token ends.', 'expires_at');
  return { expiresAt: at };
}

/** 00:00 UTC of a day as date fields send it; null when it isn't one. */
export function dayAt(text: string): UnixSeconds | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const at = Date.parse(`${text}T00:00:00Z`) / 1000;
  return Number.isInteger(at) && isoDate(at) === text ? at : null;
}

/** The draft that the fields make, without its restrictions (`restrictions.tsx`). */
export function readTokenDraft(source: URLSearchParams, userLogin: string): TokenDraft {
  const grants = Array.from({ length: grantCount(source) }, (_, index) => grantOf(source, index));
  return {
    userLogin,
    kind: 'fine-grained',
    name: source.get('name') ?? '',
    description: (source.get('description') ?? '').replace(/\r\n/g, '\n'),
    ...readExpiry(source),
    scopes: [],
    grants,
  };
}

/** The fields of an existing token, where its edit begins. */
export function sourceOf(name: string, description: string, grants: readonly GrantDraft[]): URLSearchParams {
  const source = new URLSearchParams({ name, description, grants: String(Math.max(grants.length, 1)) });
  for (const [index, grant] of grants.entries()) {
    const prefix = prefixOf(index);
    source.set(`${prefix}target_name`, grant.owner);
    source.set(`${prefix}selection`, grant.selection);
    for (const repository of grant.repositories) source.append(`${prefix}repositories`, repository);
    for (const [permission, level] of Object.entries(grant.permissions)) source.set(prefix + permission, level);
  }
  return source;
}

/**
 * The fields for a link to the form: every choice except those that only its maker could make.
 * @param refRules as a link spells them
 */
export function linkQuery(source: URLSearchParams, ownLogin: string, refRules: string): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string): void => {
    if (value !== '') query.set(name, value);
  };
  put('name', source.get('name') ?? '');
  put('description', source.get('description') ?? '');
  const owner = ownerOf(source, 0);
  put('target_name', owner.toLowerCase() === ownLogin.toLowerCase() ? '' : owner);
  const expiry = source.get('expires_in') ?? '';
  put('expires_in', expiry === 'custom' ? '' : expiry);
  for (const [name, level] of Object.entries(permissionsOf(source, 0))) put(name, level);
  put('ref_rules', refRules);
  return query.size === 0 ? '' : `?${query}`;
}
