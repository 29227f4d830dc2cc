/** Rulesets, in GitHub's words. */
import type { FoundRuleset } from '../../../actions/repositories/refs/rulesets.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Bypass } from '../../../rules/refs/rulesets.ts';

/** GitHub's numbers for roles, and its words for the other actors. */
export const ACTORS: readonly { readonly type: string; readonly id: number | null; readonly bypass: Bypass }[] = [
  { type: 'RepositoryRole', id: 2, bypass: 'maintain' },
  { type: 'RepositoryRole', id: 4, bypass: 'write' },
  { type: 'RepositoryRole', id: 5, bypass: 'admin' },
  { type: 'OrganizationAdmin', id: 1, bypass: 'organization_owner' },
  { type: 'DeployKey', id: null, bypass: 'deploy_key' },
];

/** `repository-ruleset`, as it stands in a list. */
export function shortRuleset(apiUrl: string, { ruleset, source, isOwners }: FoundRuleset): Record<string, unknown> {
  const { id, name, target, enforcement, createdAt, updatedAt } = ruleset;
  const self = isOwners ? `${apiUrl}/orgs/${source}` : `${apiUrl}/repos/${source}`;
  const root = apiUrl.replace(/\/api\/v3$/, '');
  const page = isOwners ? `${root}/organizations/${source}/settings/rulesets` : `${root}/${source}/settings#rulesets`;
  return {
    id,
    name,
    target,
    source_type: isOwners ? 'Organization' : 'Repository',
    source,
    enforcement,
    node_id: Buffer.from(`RepositoryRuleset${id}`).toString('base64'),
    _links: { self: { href: `${self}/rulesets/${id}` }, html: { href: page } },
    created_at: isoInstant(createdAt),
    updated_at: isoInstant(updatedAt),
  };
}

/** The same with what it says. @param showsBypass false for those who may not change it, as GitHub has it */
export function fullRuleset(apiUrl: string, found: FoundRuleset, showsBypass: boolean): Record<string, unknown> {
  const { refs, repositories, rules, bypass } = found.ruleset;
  const actors = ACTORS.filter((actor) => bypass.includes(actor.bypass)).map(({ type, id }) => ({
    actor_id: id,
    actor_type: type,
    bypass_mode: 'always',
  }));
  return {
    ...shortRuleset(apiUrl, found),
    ...(showsBypass ? { bypass_actors: actors } : {}),
    conditions: {
      ref_name: refs,
      ...(repositories === null
        ? {}
        : 'ids' in repositories
          ? { repository_id: { repository_ids: repositories.ids } }
          : { repository_name: repositories }),
    },
    rules: rules.map((type) => ({ type })),
  };
}
