/**
 * Rulesets of a repository, and of an organization for its repositories: made, listed, changed, removed.
 *
 * Invariant: names are unique in their place, and a ruleset is kept only if each of its patterns can be read.
 */
import { randomInt } from 'node:crypto';
import { problem } from '../../../base/errors.ts';
import { defaultBranch } from '../../../git/objects/refs.ts';
import { fnmatchProblem } from '../../../rules/refs/fnmatch.ts';
import { protectionFor } from '../../../rules/refs/ref-protections.ts';
import { BRANCHES } from '../../../rules/refs/ref-rules.ts';
import { asProtections, namesRef, type PlacedRuleset, type Ruleset } from '../../../rules/refs/rulesets.ts';
import { accountById } from '../../../store/accounts.ts';
import type { Query } from '../../../store/db.ts';
import { type RulesetOwner, rulesetsOfAccount, setRulesets } from '../../../store/rulesets.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { record } from '../../ground/record.ts';
import { ownership } from '../repositories.ts';
import { openTarget, readTarget, readTargetOwner, targetRepository } from '../target.ts';

/** The most rulesets of a repository, and of an organization; GitHub's limit. */
export const MAX_RULESETS = 75;
/** The most patterns in one list. */
const MAX_RULESET_PATTERNS = 50;
const MAX_PATTERN_LENGTH = 200;
export const MAX_RULESET_NAME_LENGTH = 100;

/** A ruleset as it is asked for. */
export type RulesetDraft = Omit<Ruleset, 'id' | 'createdAt' | 'updatedAt'>;

/** A ruleset, and whose it is. */
export interface FoundRuleset extends PlacedRuleset {
  readonly ruleset: Ruleset;
}

interface Place {
  readonly owner: RulesetOwner;
  readonly source: string;
  readonly isOwners: boolean;
  readonly own: readonly Ruleset[];
  /** For the audit log. */
  readonly about: { readonly organizationId?: number | null; readonly userId?: number | null };
  readonly repositoryId: number | null;
}

/** Of the permit's organization or repository, its own alone, in the order in which they were made. */
export async function listRulesets(ctx: Context, permit: Permit): Promise<readonly FoundRuleset[]> {
  const { own, source, isOwners } = await placeOf(ctx.store.db, permit);
  return own.map((ruleset) => ({ ruleset, source, isOwners }));
}

/** Rulesets of the owner that hold for the permit's repository, and are switched on. */
export function inheritedRulesets(permit: Permit): readonly FoundRuleset[] {
  return (targetRepository(permit).repository.rulesets ?? []).filter(({ isOwners }) => isOwners);
}

/** @throws Problem when there is none with that id, here or, if wanted, inherited */
export async function rulesetById(
  ctx: Context,
  permit: Permit,
  id: number,
  withInherited: boolean,
): Promise<FoundRuleset> {
  const all = [...(await listRulesets(ctx, permit)), ...(withInherited ? inheritedRulesets(permit) : [])];
  const found = all.find(({ ruleset }) => ruleset.id === id);
  if (found === undefined) throw noneWith(id);
  return found;
}

function noneWith(id: number): Error {
  return problem('not_found', `There is no ruleset ${id} here.`);
}

/** @throws Problem when something in it can't be read, its name is taken, or there are `MAX_RULESETS` already */
export async function createRuleset(ctx: Context, permit: Permit, draft: RulesetDraft): Promise<FoundRuleset> {
  const at = ctx.clock.now();
  const made: Ruleset = { ...checked(draft, permit), id: randomInt(1, 2 ** 40), createdAt: at, updatedAt: at };
  return change(ctx, permit, (before) => {
    if (before.length >= MAX_RULESETS) throw problem('unprocessable', `There are at most ${MAX_RULESETS} rulesets.`);
    demandFreeName(before, made);
    return { after: [...before, made], action: 'repository_ruleset.create', ruleset: made };
  });
}

/** Replaces what a ruleset says. @throws Problem as `createRuleset`, and when there is none */
export async function updateRuleset(
  ctx: Context,
  permit: Permit,
  id: number,
  draftOf: (before: Ruleset) => RulesetDraft,
): Promise<FoundRuleset> {
  return change(ctx, permit, (before) => {
    const old = before.find((each) => each.id === id);
    if (old === undefined) throw noneWith(id);
    const { createdAt } = old;
    const made: Ruleset = { ...checked(draftOf(old), permit), id, createdAt, updatedAt: ctx.clock.now() };
    demandFreeName(
      before.filter((each) => each.id !== id),
      made,
    );
    const after = before.map((each) => (each.id === id ? made : each));
    return { after, action: 'repository_ruleset.update', ruleset: made };
  });
}

/** @throws Problem when there is none */
export async function deleteRuleset(ctx: Context, permit: Permit, id: number): Promise<FoundRuleset> {
  return change(ctx, permit, (before) => {
    const ruleset = before.find((each) => each.id === id);
    if (ruleset === undefined) throw noneWith(id);
    return { after: before.filter((each) => each.id !== id), action: 'repository_ruleset.destroy', ruleset };
  });
}

/** What holds for a branch, whoever asks: GitHub's "rules for a branch". @param ref its full name; it need not exist */
export async function rulesFor(ctx: Context, permit: Permit, ref: string): Promise<readonly FoundRuleset[]> {
  const isDefault = ref === `${BRANCHES}${await defaultBranch(openTarget(ctx, permit).path)}`;
  const { rulesets = [] } = targetRepository(permit).repository;
  return rulesets.filter(({ ruleset }) => namesRef(ruleset, ref, isDefault));
}

/** True for refs that a protection or a ruleset of the permit's repository is about, for whomever it binds. */
export async function protectedRefs(ctx: Context, permit: Permit): Promise<(ref: string) => boolean> {
  const { protections, rulesets = [] } = targetRepository(permit).repository;
  const bound = asProtections(rulesets, { role: null, ownsOrganization: false, isDeployKey: false });
  const all = [...protections.filter(({ ruleset }) => ruleset === undefined), ...bound];
  const first = rulesets.length === 0 ? '' : `${BRANCHES}${await defaultBranch(openTarget(ctx, permit).path)}`;
  return (ref) => protectionFor(all, ref, ref === first) !== null;
}

function demandFreeName(others: readonly Ruleset[], { name }: Ruleset): void {
  if (others.some((each) => each.name.toLowerCase() === name.toLowerCase()))
    throw problem('unprocessable', `Another ruleset here is called ${name}.`, 'name');
}

function checked(draft: RulesetDraft, { target }: Permit): RulesetDraft {
  const name = draft.name.trim();
  if (name === '' || name.length > MAX_RULESET_NAME_LENGTH || /[\x00-\x1f\x7f]/.test(name))
    throw problem('invalid', `A ruleset has a name of 1 to ${MAX_RULESET_NAME_LENGTH} characters.`, 'name');
  if (draft.refs.include.length === 0)
    throw problem('invalid', 'Say which refs it is about: patterns, ~DEFAULT_BRANCH or ~ALL.', 'conditions');
  if ((target.kind === 'organization') !== (draft.repositories !== null))
    throw problem('invalid', 'Rulesets of an organization, and these alone, say for which repositories they hold.');
  const refs = {
    include: draft.refs.include.map((pattern) => refPattern(pattern, draft)),
    exclude: draft.refs.exclude.map((pattern) => refPattern(pattern, draft)),
  };
  const { repositories } = draft;
  const lists = [refs.include, refs.exclude];
  if (repositories !== null && 'include' in repositories) {
    if (repositories.include.length === 0)
      throw problem('invalid', 'Say for which repositories it holds: patterns of names, or ~ALL.', 'conditions');
    for (const list of [repositories.include, repositories.exclude]) {
      lists.push([...list]);
      for (const pattern of list) if (pattern !== '~ALL') demandPattern(pattern);
    }
  }
  if (lists.some(({ length }) => length > MAX_RULESET_PATTERNS))
    throw problem('invalid', `A list has at most ${MAX_RULESET_PATTERNS} patterns.`, 'conditions');
  return { ...draft, name, refs };
}

/** In full: `release/*` is `refs/heads/release/*`. */
function refPattern(written: string, { target }: RulesetDraft): string {
  const pattern = written.trim();
  if (pattern === '~ALL') return pattern;
  if (pattern === '~DEFAULT_BRANCH') {
    if (target === 'branch') return pattern;
    throw problem('invalid', 'A tag is never the default branch.', 'conditions');
  }
  demandPattern(pattern);
  return pattern.startsWith('refs/') ? pattern : `${target === 'branch' ? BRANCHES : 'refs/tags/'}${pattern}`;
}

function demandPattern(pattern: string): void {
  const said = JSON.stringify(pattern.slice(0, 80));
  if (pattern.startsWith('~'))
    throw problem('invalid', `${said} is not known here: there are ~ALL and ~DEFAULT_BRANCH.`, 'conditions');
  const wrong =
    pattern.length > MAX_PATTERN_LENGTH ? `is longer than ${MAX_PATTERN_LENGTH} characters` : fnmatchProblem(pattern);
  if (wrong !== null) throw problem('invalid', `The pattern ${said} ${wrong}.`, 'conditions');
}

interface Change {
  readonly after: readonly Ruleset[];
  readonly action: 'repository_ruleset.create' | 'repository_ruleset.update' | 'repository_ruleset.destroy';
  readonly ruleset: Ruleset;
}

function change(ctx: Context, permit: Permit, decide: (before: readonly Ruleset[]) => Change): Promise<FoundRuleset> {
  return ctx.store.transaction(async (tx) => {
    const { owner, source, isOwners, own, about, repositoryId } = await placeOf(tx, permit);
    const { after, action, ruleset } = decide(own);
    await setRulesets(tx, owner, after);
    await record(tx, permit, ctx.clock.now(), {
      action,
      ...about,
      repositoryId,
      data: {
        ...(repositoryId === null ? { org: source } : { repo: source }),
        ruleset_id: ruleset.id,
        ruleset_name: ruleset.name,
        enforcement: ruleset.enforcement,
        rules: ruleset.rules,
        include: ruleset.refs.include,
        exclude: ruleset.refs.exclude,
        bypass: ruleset.bypass,
      },
    });
    return { ruleset, source, isOwners };
  });
}

async function placeOf(q: Query, permit: Permit): Promise<Place> {
  if (permit.target.kind === 'organization') {
    const { id, login } = readTargetOwner(permit);
    if ((await accountById(q, id)) === null) throw problem('not_found', 'The organization is gone.');
    const owner = { kind: 'account', id } as const;
    const own = await rulesetsOfAccount(q, id);
    return { owner, source: login, isOwners: true, own, about: { organizationId: id }, repositoryId: null };
  }
  const { owner, repository } = await readTarget(q, permit);
  return {
    owner: { kind: 'repository', id: repository.id },
    source: `${owner.login}/${repository.name}`,
    isOwners: false,
    own: repository.rulesets,
    about: ownership(owner),
    repositoryId: repository.id,
  };
}
