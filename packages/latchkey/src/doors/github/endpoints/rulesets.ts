/**
 * Rulesets of repositories and organizations, in GitHub's form.
 *
 * Source: GitHub docs "REST API endpoints for rules" and "… for organization rules". Rules, conditions and actors that
 * this server can't enforce are refused, not forgotten.
 */
import {
  createRuleset,
  deleteRuleset,
  type FoundRuleset,
  inheritedRulesets,
  listRulesets,
  MAX_RULESET_NAME_LENGTH,
  type RulesetDraft,
  rulesetById,
  rulesFor,
  updateRuleset,
} from '../../../actions/repositories/refs/rulesets.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { BRANCHES } from '../../../rules/refs/ref-rules.ts';
import { type Bypass, RULE_TYPES, type Ruleset, type RuleType } from '../../../rules/refs/rulesets.ts';
import { type Call, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { ACTORS, fullRuleset, shortRuleset } from '../present/rulesets.ts';
import { idIn } from './place.ts';

const open = { additionalProperties: true } as const;
const closed = { additionalProperties: false } as const;
const Patterns = Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 200 }));
const Names = Type.Object({ include: Patterns, exclude: Patterns, protected: Type.Optional(Type.Boolean()) }, closed);
const CHANGE = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: MAX_RULESET_NAME_LENGTH })),
    target: Type.Optional(Type.String({ maxLength: 30 })),
    enforcement: Type.Optional(Type.String({ maxLength: 30 })),
    bypass_actors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            actor_id: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
            actor_type: Type.String({ maxLength: 30 }),
            bypass_mode: Type.Optional(Type.String({ maxLength: 30 })),
          },
          closed,
        ),
        { maxItems: 50 },
      ),
    ),
    conditions: Type.Optional(
      Type.Object(
        {
          ref_name: Type.Optional(Names),
          repository_name: Type.Optional(Names),
          repository_id: Type.Optional(
            Type.Object({ repository_ids: Type.Optional(Type.Array(Type.Integer(), { maxItems: 500 })) }, closed),
          ),
          repository_property: Type.Optional(Type.Object({}, open)),
        },
        closed,
      ),
    ),
    rules: Type.Optional(
      Type.Array(
        Type.Object({ type: Type.String({ maxLength: 60 }), parameters: Type.Optional(Type.Object({}, open)) }),
        {
          maxItems: 50,
        },
      ),
    ),
  },
  closed,
);
type Asked = Static<typeof CHANGE>;
const LISTED = Type.Object(
  { includes_parents: Type.Optional(Type.Boolean()), targets: Type.Optional(Type.String({ maxLength: 60 })) },
  closed,
);
const SHOWN = Type.Object({ includes_parents: Type.Optional(Type.Boolean()) }, closed);

function bypassOf(actors: NonNullable<Asked['bypass_actors']>): Bypass[] {
  return actors.map(({ actor_type, actor_id = null, bypass_mode = 'always' }) => {
    const actor = ACTORS.find(
      ({ type, id }) => type === actor_type && (actor_type !== 'RepositoryRole' || id === actor_id),
    );
    if (actor === undefined)
      throw problem(
        'unprocessable',
        'Who is let past is a RepositoryRole (2 maintain, 4 write, 5 admin), OrganizationAdmin or DeployKey here: ' +
          'give a team or a person such a role instead.',
        'bypass_actors',
      );
    if (bypass_mode !== 'always')
      throw problem('unprocessable', 'There are no pull requests here, so bypass_mode is always.', 'bypass_actors');
    return actor.bypass;
  });
}

function rulesOf(rules: NonNullable<Asked['rules']>): RuleType[] {
  const types = rules.map(({ type, parameters = {} }): RuleType => {
    const known = RULE_TYPES.find((each) => each === type);
    if (known === undefined)
      throw problem(
        'unprocessable',
        `The rule ${JSON.stringify(type)} can't be enforced here: there are ${RULE_TYPES.join(', ')}.`,
        'rules',
      );
    if ((parameters as Record<string, unknown>)['update_allows_fetch_and_merge'] === true)
      throw problem('unprocessable', 'This server has no forks to fetch from.', 'rules');
    return known;
  });
  return RULE_TYPES.filter((type) => types.includes(type));
}

function repositoriesOf({ conditions = {} }: Asked, before: Ruleset['repositories']): Ruleset['repositories'] {
  const { repository_name: names, repository_id: ids, repository_property: property } = conditions;
  if (property !== undefined)
    throw problem('unprocessable', 'Repositories have no properties here: name them.', 'conditions');
  if (ids?.repository_ids !== undefined) return { ids: ids.repository_ids };
  return names === undefined ? before : { include: names.include ?? [], exclude: names.exclude ?? [] };
}

/** @param before what stays where nothing is said; null for a new one */
function draftOf(asked: Asked, before: Ruleset | null): RulesetDraft {
  const target = asked.target ?? before?.target ?? 'branch';
  const enforcement = asked.enforcement ?? before?.enforcement;
  if (target !== 'branch' && target !== 'tag')
    throw problem('unprocessable', 'The target is branch or tag here.', 'target');
  if (enforcement !== 'active' && enforcement !== 'disabled')
    throw problem('unprocessable', 'The enforcement is active or disabled here.', 'enforcement');
  if (asked.name === undefined && before === null) throw problem('invalid', 'Give it a name.', 'name');
  const refs = asked.conditions?.ref_name;
  return {
    name: asked.name ?? before?.name ?? '',
    target,
    enforcement,
    refs: refs === undefined ? (before?.refs ?? NOWHERE) : { include: refs.include ?? [], exclude: refs.exclude ?? [] },
    repositories: repositoriesOf(asked, before?.repositories ?? null),
    rules: asked.rules === undefined ? (before?.rules ?? []) : rulesOf(asked.rules),
    bypass: asked.bypass_actors === undefined ? (before?.bypass ?? []) : bypassOf(asked.bypass_actors),
  };
}

const NOWHERE = { include: [], exclude: [] } as const;

type Plain = Call<unknown, unknown>;

const ADMINISTRATION: Need = { sets: [{ administration: 'write' }], publicRead: false, writes: true };
const OWNERS: Need = { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true };

function full({ permit, apiUrl }: Plain, found: FoundRuleset): Record<string, unknown> {
  return fullRuleset(apiUrl, found, permit.holds(permit.target.kind === 'organization' ? OWNERS : ADMINISTRATION));
}

async function list(call: Call<undefined, Static<typeof LISTED>>): Promise<Reply> {
  const { ctx, permit, query, page } = call;
  const inherits = permit.target.kind === 'repository' && query.includes_parents !== false;
  const all = [...(await listRulesets(ctx, permit)), ...(inherits ? inheritedRulesets(permit) : [])];
  const targets = query.targets?.split(',');
  const shown = all.filter(({ ruleset }) => targets === undefined || targets.includes(ruleset.target));
  return ok(shown.slice(page.skip, page.skip + page.perPage).map((found) => shortRuleset(call.apiUrl, found)));
}

async function branchRules(call: Plain): Promise<Reply> {
  const { page } = call;
  const found = await rulesFor(call.ctx, call.permit, `${BRANCHES}${parameter(call.params, 'branch')}`);
  const rules = found.flatMap(({ ruleset, source, isOwners }) =>
    ruleset.rules.map((type) => ({
      type,
      ruleset_source_type: isOwners ? 'Organization' : 'Repository',
      ruleset_source: source,
      ruleset_id: ruleset.id,
    })),
  );
  return ok(rules.slice(page.skip, page.skip + page.perPage));
}

/** The same five for a repository and for an organization. */
function endpointsAt(path: string, operation: string, whose: string): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: `${path}/rulesets`,
      operationId: `${operation}-rulesets`,
      summary: `The rulesets of ${whose}.`,
      paged: true,
      query: LISTED,
      handle: list,
    }),
    endpoint({
      method: 'POST',
      path: `${path}/rulesets`,
      operationId: `${operation.replace('get', 'create')}-ruleset`,
      summary: `Creates a ruleset for ${whose}: what may not happen to which refs, and who may bypass it.`,
      resource: 'Ruleset',
      body: CHANGE,
      success: 201,
      handle: async (call) => {
        const found = await createRuleset(call.ctx, call.permit, draftOf(call.body, null));
        return { status: 201, body: full(call, found) };
      },
    }),
    endpoint({
      method: 'GET',
      path: `${path}/rulesets/{ruleset_id}`,
      operationId: `${operation}-ruleset`,
      summary: `A ruleset of ${whose}.`,
      query: SHOWN,
      handle: async (call) => {
        const withInherited = call.permit.target.kind === 'repository' && call.query.includes_parents !== false;
        return ok(full(call, await rulesetById(call.ctx, call.permit, idIn(call.params, 'ruleset_id'), withInherited)));
      },
    }),
    endpoint({
      method: 'PUT',
      path: `${path}/rulesets/{ruleset_id}`,
      operationId: `${operation.replace('get', 'update')}-ruleset`,
      summary: `Changes a ruleset of ${whose}. What you leave out stays.`,
      resource: 'Ruleset',
      body: CHANGE,
      handle: async (call) => {
        const id = idIn(call.params, 'ruleset_id');
        return ok(full(call, await updateRuleset(call.ctx, call.permit, id, (before) => draftOf(call.body, before))));
      },
    }),
    endpoint({
      method: 'DELETE',
      path: `${path}/rulesets/{ruleset_id}`,
      operationId: `${operation.replace('get', 'delete')}-ruleset`,
      summary: `Deletes a ruleset of ${whose}.`,
      handle: async (call) => {
        await deleteRuleset(call.ctx, call.permit, idIn(call.params, 'ruleset_id'));
        return nothing();
      },
    }),
  ];
}

export const RULESET_ENDPOINTS: readonly Endpoint[] = [
  ...endpointsAt('/repos/{owner}/{repo}', 'repos/get-repo', 'a repository'),
  ...endpointsAt('/orgs/{org}', 'repos/get-org', 'an organization'),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/rules/branches/{branch}',
    operationId: 'repos/get-branch-rules',
    summary: 'The ruleset rules that apply to a branch, which need not exist.',
    paged: true,
    handle: branchRules,
  }),
];
