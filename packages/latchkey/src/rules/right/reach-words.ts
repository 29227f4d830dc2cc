/**
 * What a token reaches, in words: "read code in 2 repositories of octo".
 *
 * The same words appear below the form while somebody fills it in, in every list, and where an owner decides. How
 * much of it holds today is up to `right-sentence.ts`.
 */
import {
  type Level,
  type Permission,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
} from '../../catalogue/permissions.ts';
import { listed } from '../../catalogue/refusals/links.ts';
import { type ScopeDialect, scopeNamed } from '../../catalogue/scopes/scopes.ts';
import type { Grant, RepositorySelection, TokenKind } from '../model.ts';
import type { Reach } from '../reach.ts';

/** A grant, as far as its description needs it. */
export interface GrantFacts {
  /** The resource owner's login; '' for the instance. */
  readonly owner: string;
  readonly ownerKind: 'self' | 'user' | 'organization' | 'instance';
  readonly selection: RepositorySelection;
  /** For selected repositories: the known names, without the owner. */
  readonly repositoryNames: readonly string[];
  readonly permissions: PermissionSet;
}

/** Names to list individually. The rest are only counted. */
const MAX_NAMED = 4;
/** Words that keep their capital inside a sentence. */
const KEEPS_CAPITAL = /^(?:API|GPG|SSH|Git$|GitHub|Copilot|Dependabot|Chat$|Editor$|Context$|Business$|Spaces$)/;

/** The name of a permission inside a sentence. People call `contents` code. */
function permissionNoun(permission: Permission): string {
  if (permission.name === 'contents') return 'code';
  // A service keeps its name: `Grafana: dashboards`.
  const [, service = '', title = ''] = /^(.*: )?(.*)$/s.exec(permission.title) ?? [];
  const words = title.split(' ').map((word) => (KEEPS_CAPITAL.test(word) ? word : word.toLowerCase()));
  return service + words.join(' ');
}

/** What one grant lets a token do. */
export function grantWords(grant: GrantFacts): string {
  const [inRepositories, elsewhere] = deedWords(grant.permissions);
  const parts = [
    ...(inRepositories === null ? [] : [`${inRepositories} in ${repositories(grant)}`]),
    ...(elsewhere === null ? [] : [`${elsewhere} of ${place(grant)}`]),
  ];
  return parts.length === 0 ? 'read public repositories' : parts.join('; ');
}

/**
 * The deeds that permissions allow in repositories, and with their owner; null for none.
 * @param held what of them is allowed already, and isn't said again
 */
export function deedWords(
  permissions: PermissionSet,
  held: PermissionSet = {},
): readonly [inRepositories: string | null, elsewhere: string | null] {
  const chosen = Object.entries(permissions).flatMap(([name, level]) => {
    const permission = permissionNamed(name);
    const isHeld = held[name as PermissionName] !== undefined;
    return permission === undefined ? [] : [{ permission, level: level as Level, isHeld }];
  });
  const onRepositories = chosen.filter(({ permission }) => permission.group === 'repository');
  const beyondMetadata = onRepositories.filter(({ permission }) => permission.name !== 'metadata');
  const elsewhere = chosen.filter(({ permission }) => permission.group !== 'repository');
  return [
    onRepositories.length === 0 ? null : verbs(beyondMetadata.length === 0 ? onRepositories : beyondMetadata),
    elsewhere.length === 0 ? null : verbs(elsewhere),
  ];
}

function verbs(chosen: readonly { permission: Permission; level: Level; isHeld: boolean }[]): string {
  const does = Map.groupBy(chosen, ({ permission, level, isHeld }) => verb(permission, level, isHeld));
  return listed(
    [...does].map(
      ([words, those]) => `${words} ${shortened(those.map(({ permission }) => permissionNoun(permission)))}`,
    ),
  );
}

function verb(permission: Permission, level: Level, isHeld: boolean): string {
  if (level === 'admin') return 'administer';
  if (level === 'read') return 'read';
  return permission.levels.includes('read') && !isHeld ? 'read and write' : 'write';
}

function shortened(names: readonly string[]): string {
  return names.length <= MAX_NAMED
    ? listed(names)
    : `${names.slice(0, MAX_NAMED - 1).join(', ')} and ${names.length - MAX_NAMED + 1} more`;
}

/** The repositories of a grant, inside a sentence. */
export function repositories(grant: GrantFacts): string {
  const { owner, ownerKind, selection, repositoryNames } = grant;
  const isOwn = ownerKind === 'self';
  if (selection === 'public') return 'public repositories';
  if (selection === 'all') return isOwn ? 'all your repositories' : `all repositories of ${owner}`;
  if (repositoryNames.length === 0)
    return isOwn ? 'your repositories, once you choose some' : `repositories of ${owner}, once you choose some`;
  return someRepositories(grant, repositoryNames.length, repositoryNames);
}

/** Repositories to name. More are counted. */
const MAX_NAMED_REPOSITORIES = 2;

/** Some repositories of an owner. @param names all of them, or as many as are known */
export function someRepositories(
  { owner, ownerKind }: Pick<GrantFacts, 'owner' | 'ownerKind'>,
  count: number,
  names: readonly string[],
): string {
  if (names.length === count && count <= MAX_NAMED_REPOSITORIES) return listed(names.map((name) => `${owner}/${name}`));
  return ownerKind === 'self' ? `${count} of your repositories` : `${count} repositories of ${owner}`;
}

/** What a request asks for: a grant, or what is to be added to one. */
export type AskedFor = Reach & Pick<GrantFacts, 'repositoryNames'>;

/** What is asked for towards the owner of a grant, inside a sentence. */
export function askedWords(grant: GrantFacts, asked: AskedFor): string {
  const { selection, repositoryNames, permissions } = asked;
  return grantWords({ ...grant, selection, repositoryNames, permissions });
}

/** What a grant is about beside repositories, inside a sentence. */
export function place({ owner, ownerKind }: Pick<GrantFacts, 'owner' | 'ownerKind'>): string {
  if (ownerKind === 'self') return 'your account';
  return ownerKind === 'instance' ? 'this server' : `the organization ${owner}`;
}

/** Actions to list individually. The rest are only counted. */
const MAX_DEEDS = 3;

/** What scopes allow, as actions. Scopes that another one includes are left out, and those that do nothing. */
function scopeWords(dialect: ScopeDialect, scopes: readonly string[]): string {
  const held = scopes
    .flatMap((name) => scopeNamed(dialect, name) ?? [])
    .filter(({ onlyWith, gives }) => {
      if (onlyWith === undefined) return true;
      return scopes.includes(onlyWith) && Object.keys(gives).length > 0;
    });
  const outermost = held.filter(({ name }) => !held.some(({ allIncluded }) => allIncluded.has(name)));
  const deeds = outermost.map(
    ({ deed, description }) => deed ?? `${description.charAt(0).toLowerCase()}${description.slice(1)}`,
  );
  if (deeds.length === 0) return 'read public information';
  if (deeds.length <= MAX_DEEDS) return deeds.join('; ');
  const more = deeds.length - MAX_DEEDS + 1;
  return `${deeds.slice(0, MAX_DEEDS - 1).join('; ')}; and ${more} more things`;
}

/** What is left of scopes once permissions were left out, wherever their owner may do it. */
export function heldWords(grants: readonly Pick<Grant, 'selection' | 'permissions'>[]): string {
  const words = grants.flatMap(({ selection, permissions }) => {
    const [inRepositories, elsewhere] = deedWords(permissions);
    const repository = selection === 'public' ? 'public repository' : 'repository';
    return [
      ...(inRepositories === null ? [] : [`${inRepositories} in every ${repository} that you can`]),
      ...(elsewhere === null ? [] : [`${elsewhere} of your account and organizations`]),
    ];
  });
  return words.length === 0 ? 'read public information' : [...new Set(words)].join('; ');
}

/** What a whole token lets its bearer do, within what its owner may do. */
export function reachWords(kind: TokenKind, scopes: readonly string[], grants: readonly GrantFacts[]): string {
  if (kind === 'fine-grained')
    return grants.length === 0 ? 'read public repositories' : grants.map(grantWords).join('; ');
  return scopeWords(kind, scopes);
}
