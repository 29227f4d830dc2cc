/**
 * Rules over REST, by which workloads get tokens of a machine account: of an organization, for its owners, and of one's
 * own. GitHub has no API for them.
 */
import {
  addRule,
  editRule,
  listGiven,
  listRules,
  machinePlace,
  type RuleDraft,
  readRule,
  removeRule,
} from '../../../actions/federation/rules.ts';
import { tryWorkloadToken } from '../../../actions/federation/trial.ts';
import type { TokenEdit } from '../../../actions/tokens/edits.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { GrantDraft } from '../../../rules/grant-draft.ts';
import type { ClaimCondition } from '../../../rules/workload-claims.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { givenToken, trialBody, workloadRule } from '../present/workloads.ts';
import { type MachinesOf, OF_ORGANIZATION, OWN } from './machines.ts';
import { closed, grantDraft, idIn, RefRules } from './own-token-bodies.ts';

const optional = Type.Optional;
const Conditions = Type.Record(
  Type.String(),
  Type.Union([Type.String({ maxLength: 2000 }), Type.Array(Type.String({ maxLength: 2000 }), { maxItems: 100 })]),
  { description: 'Each claim with the values it may have; a value that ends in `*` matches any value that starts so.' },
);
const DEMANDS = {
  max_life: optional(
    Type.Integer({
      description: 'The longest lifetime in seconds of the tokens it gives, 60 to 3600; 3600 when left out.',
    }),
  ),
  single_use: optional(
    Type.Boolean({
      description: 'Each identity token can be exchanged only once. Left out: what is usual for the issuer.',
    }),
  ),
  pull_requests: optional(Type.Boolean({ description: 'Also accept runs that strangers can start.' })),
};

const RIGHTS = {
  description: optional(Type.String()),
  repository_selection: optional(
    Type.Union([Type.Literal('none'), Type.Literal('all'), Type.Literal('subset')], {
      description: '`none`: only public repositories, read-only.',
    }),
  ),
  repositories: optional(
    Type.Array(Type.String({ maxLength: 150 }), { maxItems: 1000, description: 'Names, with a `subset`.' }),
  ),
  permissions: optional(Type.Record(Type.String(), Type.String(), { description: 'Each permission with its level.' })),
  ref_rules: optional(RefRules),
  allowed_addresses: optional(Type.Array(Type.String({ maxLength: 60 }))),
};
const NewRule = Type.Object(
  {
    name: Type.String(),
    issuer: Type.String({ maxLength: 100, description: 'The name of a trusted issuer.' }),
    conditions: Conditions,
    ...DEMANDS,
    ...RIGHTS,
  },
  closed,
);
const RuleChange = Type.Object(
  {
    name: optional(Type.String()),
    conditions: optional(Conditions),
    ...DEMANDS,
    ...RIGHTS,
    ref_rules: optional(Type.Union([RefRules, Type.Null()], { description: '`null`: it may push to any ref.' })),
    allowed_addresses: optional(
      Type.Union([Type.Array(Type.String({ maxLength: 60 })), Type.Null()], { description: '`null`: from anywhere.' }),
    ),
  },
  closed,
);

function demandsIn({
  conditions,
  max_life,
  single_use,
  pull_requests,
}: Pick<Static<typeof RuleChange>, 'conditions' | keyof typeof DEMANDS>): Partial<RuleDraft> {
  return {
    ...(conditions === undefined ? {} : { conditions: conditionsIn(conditions) }),
    maxLifeSec: max_life,
    isSingleUse: single_use,
    takesPullRequests: pull_requests,
  };
}

function conditionsIn(body: Static<typeof Conditions>): readonly ClaimCondition[] {
  return Object.entries(body).map(([claim, values]) => ({
    claim,
    values: typeof values === 'string' ? [values] : values,
  }));
}

type Rights = Pick<Static<typeof RuleChange>, 'name' | keyof typeof RIGHTS>;

function grantIn({ repository_selection, repositories = [], permissions = {} }: Rights): GrantDraft {
  return grantDraft({
    ...(repository_selection === undefined ? {} : { repository_selection }),
    repositories,
    permissions,
  });
}

/** What changes of its rights; undefined = nothing. Repositories and permissions are given together. */
function rightsIn(body: Rights): TokenEdit | undefined {
  const { name, description, ref_rules: refRules, allowed_addresses: allowedAddresses } = body;
  const isReach = ['repository_selection', 'repositories', 'permissions'].some((field) => Object.hasOwn(body, field));
  const edit = { name, description, refRules, allowedAddresses, grants: isReach ? [grantIn(body)] : undefined };
  return Object.values(edit).every((value) => value === undefined) ? undefined : edit;
}

type AnyCall = Pick<Call<unknown, unknown>, 'ctx' | 'permit' | 'params' | 'apiUrl'>;

function endpointsOf({ prefix, names, whose, sees, changes }: MachinesOf): readonly Endpoint[] {
  const READ: Need = { sets: [sees], publicRead: false, writes: false };
  const WRITE: Need = { sets: [changes], publicRead: false, writes: true };
  const path = `${prefix}/machines/{machine}/workload-rules`;
  const target = prefix === '/user' ? ({ kind: 'self' } as const) : ({ kind: 'organization', login: 'org' } as const);
  const describe = { resource: 'WorkloadRule', target } as const;
  const placeOf = ({ ctx, permit, params }: AnyCall) => machinePlace(ctx, permit, parameter(params, 'machine'));
  const listUrl = ({ apiUrl, params }: AnyCall): string =>
    apiUrl + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const shownRule = async (call: AnyCall, id: number) =>
    workloadRule(call.apiUrl, listUrl(call), await readRule(call.ctx, await placeOf(call), id), call.ctx.clock.now());
  return [
    endpoint({
      ...describe,
      method: 'GET',
      path,
      operationId: `${names}/list-workload-rules`,
      summary:
        `The rules by which workloads get tokens of a machine account ${whose}. The first rule that matches ` +
        'gives the token.',
      need: READ,
      handle: async (call) => {
        const rules = await listRules(call.ctx, await placeOf(call));
        return ok(rules.map((rule) => workloadRule(call.apiUrl, listUrl(call), rule, call.ctx.clock.now())));
      },
    }),
    endpoint({
      ...describe,
      method: 'POST',
      path,
      operationId: `${names}/add-workload-rule`,
      summary:
        'Adds a rule. Its tokens have these rights towards the account that the machine belongs to. A rule made ' +
        'with a token gives nothing beyond that token, and ends with it.',
      need: WRITE,
      body: NewRule,
      handle: async (call) => {
        const { body, ctx, permit } = call;
        const id = await addRule(ctx, permit, await placeOf(call), {
          ...demandsIn(body),
          conditions: conditionsIn(body.conditions),
          issuer: body.issuer,
          token: {
            name: body.name,
            description: body.description ?? '',
            grants: [grantIn(body)],
            refRules: body.ref_rules,
            allowedAddresses: body.allowed_addresses,
          },
        });
        const shown = await shownRule(call, id);
        return created(shown, shown.url);
      },
    }),
    endpoint({
      ...describe,
      method: 'POST',
      path: `${path}/check`,
      operationId: `${names}/check-workload-token`,
      summary: "Tries a workload's identity token on the rules, and says which conditions it meets. No token is given.",
      need: READ,
      success: 200,
      body: Type.Object({ token: Type.String({ maxLength: 100_000, description: 'The JWT.' }) }, closed),
      handle: async (call) => ok(trialBody(await tryWorkloadToken(call.ctx, await placeOf(call), call.body.token))),
    }),
    endpoint({
      ...describe,
      method: 'GET',
      path: `${path}/{rule_id}`,
      operationId: `${names}/get-workload-rule`,
      summary: 'A rule, with the rights of its tokens.',
      need: READ,
      handle: async (call) => ok(await shownRule(call, idIn(call.params['rule_id']))),
    }),
    endpoint({
      ...describe,
      method: 'PATCH',
      path: `${path}/{rule_id}`,
      operationId: `${names}/update-workload-rule`,
      summary:
        'Changes a rule. New conditions hold for later exchanges; new rights hold for the tokens it already ' +
        'gave, too. A token cannot change a rule that gives more than it has.',
      need: WRITE,
      body: RuleChange,
      handle: async (call) => {
        const { body } = call;
        const id = idIn(call.params['rule_id']);
        await editRule(call.ctx, call.permit, await placeOf(call), id, { ...demandsIn(body), token: rightsIn(body) });
        return ok(await shownRule(call, id));
      },
    }),
    endpoint({
      ...describe,
      method: 'DELETE',
      path: `${path}/{rule_id}`,
      operationId: `${names}/remove-workload-rule`,
      summary: 'Deletes a rule. Its tokens stop working at once, everywhere.',
      need: WRITE,
      handle: async (call) => {
        await removeRule(call.ctx, call.permit, await placeOf(call), idIn(call.params['rule_id']));
        return nothing();
      },
    }),
    endpoint({
      ...describe,
      method: 'GET',
      path: `${path}/{rule_id}/tokens`,
      operationId: `${names}/list-workload-tokens`,
      summary: 'The tokens of a rule that still work, newest first, each with what the issuer said about the run.',
      need: READ,
      paged: true,
      handle: async (call) => {
        const { ctx, params, page } = call;
        const found = await listGiven(ctx, await placeOf(call), idIn(params['rule_id']), pageById(page));
        return {
          ...ok(found.map((each) => givenToken(each, ctx.clock.now()))),
          next: nextKey(found, page, ({ id }) => id),
        };
      },
    }),
  ];
}

export const WORKLOAD_RULE_ENDPOINTS: readonly Endpoint[] = [OF_ORGANIZATION, OWN].flatMap(endpointsOf);
