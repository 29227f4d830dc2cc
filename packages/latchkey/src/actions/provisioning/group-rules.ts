/**
 * What groups of identity providers and directories stand for in an organization, as its owners say: a membership with
 * a role, and a team.
 *
 * Invariant: an organization's owners put people into their own organization alone, and only by groups of sources that
 * the operator trusts for it. A group's name counts whole and to the letter.
 * Invariant: groups of directories count at once; those of providers when somebody signs in, since only then anything
 * is heard of them.
 */
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import type { OrganizationRole, TeamRole } from '../../rules/model.ts';
import { nameTextProblem } from '../../rules/names.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  countGiven,
  deleteGroupRule,
  groupRulesFor,
  insertGroupRule,
  peopleGiven,
  type StoredGroupRule,
} from '../../store/group-rules.ts';
import { peopleInGroup } from '../../store/provisioned-groups.ts';
import { type ProvisioningClient, listClients as readClients } from '../../store/provisioning.ts';
import { type Team, teamBySlug, teamsByIds } from '../../store/teams.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { sourceOfDirectory, sourceOfProvider } from '../identity/group-sync.ts';
import { syncLater, syncNow } from './groups.ts';

/** The most rules of one organization. */
const MAX_GROUP_RULES = 1_000;
const MAX_GROUP_LENGTH = 256;

/** Where groups are known. */
export interface GroupSource {
  /** `provider/keycloak`, `directory/entra`: what people write. */
  readonly name: string;
  readonly label: string;
  /** A directory says at once who is in a group; a provider when somebody signs in. */
  readonly kind: 'provider' | 'directory';
}

interface KnownSource extends GroupSource {
  readonly key: string;
  readonly clientId: number | null;
}

/** A rule as it is shown. */
export interface GroupRuleView {
  readonly rule: StoredGroupRule;
  /** Null = the source is gone: the rule does nothing. */
  readonly source: GroupSource | null;
  readonly team: Team | null;
}

export interface GroupRuleDraft {
  /** As `GroupSource.name`. */
  readonly source: string;
  readonly group: string;
  readonly role: OrganizationRole;
  /** A slug; null = none. */
  readonly team: string | null;
  readonly teamRole: TeamRole;
}

async function sourcesFor(ctx: Context, q: Query, organization: Account): Promise<KnownSource[]> {
  const login = organization.login.toLowerCase();
  const providers = ctx.identityProviders.all
    .map(({ provider }) => provider)
    .filter(({ organizations }) => organizations === null || organizations.includes(login))
    .map(({ name, label, issuer }) => ({
      name: `provider/${name}`,
      label,
      kind: 'provider' as const,
      key: sourceOfProvider(issuer),
      clientId: null,
    }));
  const directories = (await readClients(q)).map(({ id, name }: ProvisioningClient) => ({
    name: `directory/${name}`,
    label: `${name} (SCIM)`,
    kind: 'directory' as const,
    key: sourceOfDirectory(id),
    clientId: id,
  }));
  return [...directories, ...providers];
}

/** The rules of the permit's organization, what groups may come from, and how many people groups brought. */
export async function readGroupRules(
  ctx: Context,
  permit: Permit,
): Promise<{
  readonly rules: readonly GroupRuleView[];
  readonly sources: readonly GroupSource[];
  /** People, by the name of the source. */
  readonly people: ReadonlyMap<string, number>;
}> {
  const { db } = ctx.store;
  const organization = await organizationOf(db, permit);
  const [rules, sources, given] = await Promise.all([
    groupRulesFor(db, organization.id),
    sourcesFor(ctx, db, organization),
    countGiven(db, organization.id),
  ]);
  const teams = await teamsByIds(
    db,
    rules.flatMap(({ team }) => (team === null ? [] : [team.id])),
  );
  return {
    rules: rules.map((rule) => ({
      rule,
      source: sources.find(({ key }) => key === rule.source) ?? null,
      team: rule.team === null ? null : (teams.get(rule.team.id) ?? null),
    })),
    sources,
    people: new Map(sources.flatMap(({ key, name }) => (given.has(key) ? [[name, given.get(key) ?? 0] as const] : []))),
  };
}

async function organizationOf(q: Query, { target }: Permit): Promise<Account> {
  const id = target.kind === 'organization' ? target.owner?.id : undefined;
  const account = id === undefined ? null : await accountById(q, id);
  if (account === null) throw problem('not_found', 'The organization is gone.');
  return account;
}

/** Makes a rule, and puts the people of a directory's group where it says. @throws Problem */
export async function addGroupRule(ctx: Context, permit: Permit, draft: GroupRuleDraft): Promise<GroupRuleView> {
  const group = draft.group.trim();
  if (group === '') throw problem('missing_field', 'Name the group.', 'group');
  if (group.length > MAX_GROUP_LENGTH)
    throw problem('invalid', `The name of a group has at most ${MAX_GROUP_LENGTH} characters.`, 'group');
  const unseen = nameTextProblem('The name of a group', group);
  if (unseen !== null) throw problem('invalid', unseen, 'group');
  const { made, clientId, userIds } = await ctx.store.transaction(async (tx) => {
    const organization = await organizationOf(tx, permit);
    keepTo(permit, { ownerId: organization.id });
    const source = (await sourcesFor(ctx, tx, organization)).find(({ name }) => name === draft.source);
    if (source === undefined)
      throw problem('not_found', `There is no source of groups ${draft.source.slice(0, 60)}.`, 'source');
    const team = draft.team === null ? null : await teamBySlug(tx, organization.id, draft.team);
    if (draft.team !== null && team === null)
      throw problem('not_found', `${organization.login} has no team ${draft.team.slice(0, 60)}.`, 'team');
    const rules = await groupRulesFor(tx, organization.id);
    if (rules.length >= MAX_GROUP_RULES)
      throw problem('limit_reached', `${organization.login} has ${MAX_GROUP_RULES} rules, which is the limit.`);
    const same = rules.some(
      (each) => each.source === source.key && each.group === group && (each.team?.id ?? null) === (team?.id ?? null),
    );
    if (same) throw problem('already_exists', 'There is a rule for this group already: remove it first.', 'group');
    const rule = await insertGroupRule(tx, {
      source: source.key,
      group,
      organizationId: organization.id,
      role: draft.role,
      team: team === null ? null : { id: team.id, role: draft.teamRole },
      createdAt: ctx.clock.now(),
    });
    const made = { rule, source, team };
    await log({ tx, permit, at: ctx.clock.now(), organization }, 'external_group.add_rule', made);
    const userIds = source.clientId === null ? [] : await peopleInGroup(tx, source.clientId, group);
    if (source.clientId !== null) await syncLater(ctx, tx, source.clientId, userIds);
    return { made, clientId: source.clientId, userIds };
  });
  if (clientId !== null) await syncNow(ctx, permit, clientId, userIds);
  return made;
}

/**
 * Removes a rule. Whom a directory's group put somewhere by it leaves at once; a provider's people when they sign in
 * the next time. @throws Problem when there is none of that id
 */
export async function removeGroupRule(ctx: Context, permit: Permit, id: number): Promise<void> {
  const { clientId, userIds } = await ctx.store.transaction(async (tx) => {
    const organization = await organizationOf(tx, permit);
    keepTo(permit, { ownerId: organization.id });
    const sources = await sourcesFor(ctx, tx, organization);
    const rule = await deleteGroupRule(tx, organization.id, id);
    if (rule === null) throw problem('not_found', 'There is no such rule.', 'id');
    const source = sources.find(({ key }) => key === rule.source) ?? null;
    const team = rule.team === null ? null : ((await teamsByIds(tx, [rule.team.id])).get(rule.team.id) ?? null);
    await log({ tx, permit, at: ctx.clock.now(), organization }, 'external_group.remove_rule', { rule, source, team });
    const clientId = source?.clientId ?? null;
    const userIds = clientId === null ? [] : await peopleGiven(tx, rule.source, organization.id);
    if (clientId !== null) await syncLater(ctx, tx, clientId, userIds);
    return { clientId, userIds };
  });
  if (clientId !== null) await syncNow(ctx, permit, clientId, userIds);
}

interface About {
  readonly tx: Query;
  readonly permit: Permit;
  readonly at: number;
  readonly organization: Account;
}

function log(
  { tx, permit, at, organization }: About,
  action: 'external_group.add_rule' | 'external_group.remove_rule',
  { rule, source, team }: GroupRuleView,
): Promise<void> {
  return record(tx, permit, at, {
    action,
    organizationId: organization.id,
    data: {
      org: organization.login,
      source: source?.name ?? rule.source,
      group: rule.group,
      permission: rule.role,
      ...(team === null ? {} : { team: team.slug, team_permission: present(rule.team, 'its role').role }),
    },
  });
}
