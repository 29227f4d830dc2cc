/** What groups of identity providers and directories stand for in an organization. GitHub has nothing of the kind. */
import {
  addGroupRule,
  type GroupRuleView,
  readGroupRules,
  removeGroupRule,
} from '../../../actions/provisioning/group-rules.ts';
import { Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { idIn } from './own-token-bodies.ts';

const SEE: Need = { sets: [{ organization_administration: 'read' }], publicRead: false, writes: false };
const CHANGE: Need = { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true };
const target = { kind: 'organization', login: 'org' } as const;

function shown({ rule, source, team }: GroupRuleView): object {
  return {
    id: rule.id,
    source: source?.name ?? null,
    group: rule.group,
    role: rule.role === 'owner' ? 'admin' : 'member',
    team: team?.slug ?? null,
    team_role: rule.team?.role ?? null,
    created_at: isoInstant(rule.createdAt),
  };
}

export const GROUP_RULE_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/group-rules',
    operationId: 'orgs/list-group-rules',
    summary:
      'Which groups of identity providers and directories give a membership, role or team; and the possible sources.',
    need: SEE,
    target,
    handle: async ({ ctx, permit }) => {
      const { rules, sources, people } = await readGroupRules(ctx, permit);
      return ok({
        rules: rules.map(shown),
        sources: sources.map(({ name, label, kind }) => ({ name, label, kind, people: people.get(name) ?? 0 })),
      });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/orgs/{org}/group-rules',
    operationId: 'orgs/add-group-rule',
    summary:
      'Adds a rule that gives everyone in a group a membership and, if you like, a team. A directory’s group ' +
      'counts at once, a provider’s at each sign-in.',
    need: CHANGE,
    target,
    resource: 'GroupRule',
    body: Type.Object(
      {
        source: Type.String({ description: '`provider/NAME`, or `directory/NAME`.' }),
        group: Type.String({ description: 'Its exact name or number.' }),
        role: Type.Optional(Type.Enum(['member', 'admin'])),
        team: Type.Optional(Type.Union([Type.String({ description: 'A slug.' }), Type.Null()])),
        team_role: Type.Optional(Type.Enum(['member', 'maintainer'])),
      },
      { additionalProperties: false },
    ),
    handle: async ({ ctx, permit, body, params, apiUrl }) => {
      const made = await addGroupRule(ctx, permit, {
        source: body.source,
        group: body.group,
        role: body.role === 'admin' ? 'owner' : 'member',
        team: body.team ?? null,
        teamRole: body.team_role === 'maintainer' ? 'maintainer' : 'member',
      });
      return created(shown(made), `${apiUrl}/orgs/${parameter(params, 'org')}/group-rules`);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}/group-rules/{rule_id}',
    operationId: 'orgs/remove-group-rule',
    summary:
      'Deletes a rule. People whom it brought from a directory leave at once, those from a provider at their ' +
      'next sign-in.',
    need: CHANGE,
    target,
    handle: async ({ ctx, permit, params }) => {
      await removeGroupRule(ctx, permit, idIn(params['rule_id']));
      return nothing();
    },
  }),
];
