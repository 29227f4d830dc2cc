/** Rulesets as a list and a form: the same for a repository and for an organization. */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import {
  createRuleset,
  deleteRuleset,
  type FoundRuleset,
  listRulesets,
  MAX_RULESET_NAME_LENGTH,
  type RulesetDraft,
  rulesetById,
  updateRuleset,
} from '../../../actions/repositories/refs/rulesets.ts';
import { problem } from '../../../base/errors.ts';
import { shownRef } from '../../../rules/refs/ref-rule-text.ts';
import {
  BYPASSES,
  type Bypass,
  type NameCondition,
  RULE_TYPES,
  type Ruleset,
  type RuleType,
  rulesetSummary,
} from '../../../rules/refs/rulesets.ts';
import { NarrowArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import type { Answer, FormAction, Question } from '../frame/web-page.ts';
import { Checkbox, Select } from '../parts/choice-fields.tsx';
import { Label } from '../parts/components.tsx';
import { Form, RemoveButton } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';

const RULES: Readonly<Record<RuleType, string>> = {
  creation: 'Nobody creates them',
  update: 'Nobody pushes to them',
  deletion: 'Nobody deletes them',
  non_fast_forward: 'Nobody force-pushes to them, or moves a tag',
};
const PAST: Readonly<Record<Bypass, string>> = {
  write: 'everyone who can write',
  maintain: 'maintainers and administrators of the repository',
  admin: 'administrators of the repository',
  organization_owner: 'owners of the organization',
  deploy_key: 'deploy keys that write',
};

interface Shown {
  readonly visit: Visit;
  readonly rulesets: readonly FoundRuleset[];
  readonly isOrganization: boolean;
}

export function Rulesets({ visit, rulesets, isOrganization }: Shown): VNode {
  return (
    <>
      {rulesets.length === 0 ? null : (
        <div class="Box mb-3">
          <ul>
            {rulesets.map((found) => (
              <Row visit={visit} found={found} isOrganization={isOrganization} />
            ))}
          </ul>
        </div>
      )}
      <NewRuleset visit={visit} isOrganization={isOrganization} />
    </>
  );
}

function Row({ visit, found, isOrganization }: Omit<Shown, 'rulesets'> & { found: FoundRuleset }): VNode {
  const { ruleset, source, isOwners } = found;
  const past = ruleset.bypass.map((who) => PAST[who]).join(', ');
  return (
    <li class="Box-row d-flex flex-items-center flex-justify-between">
      <span class="lk-break">
        <strong>{ruleset.name}</strong> {ruleset.enforcement === 'disabled' ? <Label>off</Label> : null}
        <br />
        <span class="f6 color-fg-muted">
          {ruleset.target === 'branch' ? 'Branches' : 'Tags'}: {named(ruleset.refs)}
          {ruleset.repositories === null || !isOrganization ? '' : `. In ${repositoriesOf(ruleset)}`}.{' '}
          {rulesetSummary(ruleset)} {past === '' ? '' : `Let past: ${past}.`}
          {isOwners && !isOrganization ? ` Of ${source}, whose owners change it.` : ''}
        </span>
      </span>{' '}
      {isOwners && !isOrganization ? null : (
        <RemoveButton
          f={visit.fields('remove-ruleset')}
          name="id"
          value={String(ruleset.id)}
          label={`Remove the ruleset ${ruleset.name}`}
        />
      )}
    </li>
  );
}

function named({ include, exclude }: NameCondition): string {
  const list = (patterns: readonly string[]): string => patterns.map(said).join(', ');
  return exclude.length === 0 ? list(include) : `${list(include)}, but not ${list(exclude)}`;
}

function said(pattern: string): string {
  if (pattern === '~ALL') return 'all';
  return pattern === '~DEFAULT_BRANCH' ? 'the default branch' : shownRef(pattern);
}

function repositoriesOf({ repositories }: Ruleset): string {
  if (repositories === null) return 'this repository';
  return 'ids' in repositories ? `${repositories.ids.length} repositories` : named(repositories);
}

function NewRuleset({ visit, isOrganization }: Omit<Shown, 'rulesets'>): VNode {
  const f = visit.fields('ruleset');
  const patterns = 'One per line, such as main or release/**/*; ~DEFAULT_BRANCH and ~ALL stand for what they say.';
  return (
    <Form f={f} submit="Save ruleset">
      <TextField
        f={f}
        name="name"
        label="Name"
        required
        maxLength={MAX_RULESET_NAME_LENGTH}
        note="One that is listed already is changed."
      />
      <Select
        f={f}
        name="enforcement"
        label="Enforcement"
        value="active"
        choices={[
          { value: 'active', label: 'on' },
          { value: 'disabled', label: 'off' },
        ]}
      />
      <Select
        f={f}
        name="target"
        label="About"
        value="branch"
        choices={[
          { value: 'branch', label: 'branches' },
          { value: 'tag', label: 'tags' },
        ]}
      />
      <TextArea f={f} name="include" label="Which ones" value="~DEFAULT_BRANCH" required note={patterns} />
      <TextArea f={f} name="exclude" label="But not" />
      {isOrganization ? (
        <>
          <TextArea
            f={f}
            name="repositories"
            label="In which repositories"
            value="~ALL"
            required
            note="Patterns of names, one per line; ~ALL is every repository, those to come as well."
          />
          <TextArea f={f} name="other_repositories" label="But not in" />
        </>
      ) : null}
      <fieldset class="form-group">
        <legend class="text-bold f5 mb-1">Rules</legend>
        {RULE_TYPES.map((type) => (
          <Checkbox
            f={f}
            name={`rule_${type}`}
            label={RULES[type]}
            checked={type === 'deletion' || type === 'non_fast_forward'}
          />
        ))}
      </fieldset>
      <fieldset class="form-group">
        <legend class="text-bold f5 mb-1">Let past</legend>
        {BYPASSES.map((who) => (
          <Checkbox f={f} name={`past_${who}`} label={PAST[who]} />
        ))}
      </fieldset>
    </Form>
  );
}

function draftTyped(visit: Visit, isOrganization: boolean): RulesetDraft {
  const lines = (name: string): string[] =>
    visit
      .field(name)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const target = visit.field('target');
  const enforcement = visit.field('enforcement');
  if (target !== 'branch' && target !== 'tag') throw problem('invalid', 'Choose branches or tags.', 'target');
  if (enforcement !== 'active' && enforcement !== 'disabled')
    throw problem('invalid', 'Choose on or off.', 'enforcement');
  return {
    name: visit.field('name'),
    target,
    enforcement,
    refs: { include: lines('include'), exclude: lines('exclude') },
    repositories: isOrganization ? { include: lines('repositories'), exclude: lines('other_repositories') } : null,
    rules: RULE_TYPES.filter((type) => visit.field(`rule_${type}`) === 'on'),
    bypass: BYPASSES.filter((who) => visit.field(`past_${who}`) === 'on'),
  };
}

interface Where {
  readonly permit: (visit: Visit) => Promise<Permit>;
  readonly isOrganization: boolean;
  readonly back: (visit: Visit, text: string) => Answer;
}

/** The forms of the section, for one kind of place. */
export function rulesetForms({ permit, isOrganization, back }: Where): Readonly<Record<string, FormAction>> {
  return {
    ruleset: {
      run: async (visit) => {
        const [allowed, draft] = [await permit(visit), draftTyped(visit, isOrganization)];
        const known = (await listRulesets(visit.ctx, allowed)).find(
          ({ ruleset }) => ruleset.name.toLowerCase() === draft.name.trim().toLowerCase(),
        );
        const { ruleset } =
          known === undefined
            ? await createRuleset(visit.ctx, allowed, draft)
            : await updateRuleset(visit.ctx, allowed, known.ruleset.id, () => draft);
        return back(visit, `The ruleset ${ruleset.name} is ${ruleset.enforcement === 'active' ? 'on' : 'saved'}.`);
      },
    },
    'remove-ruleset': {
      asks: async (visit) => asksToRemove(visit, await permit(visit)),
      run: async (visit) => {
        const { ruleset } = await deleteRuleset(visit.ctx, await permit(visit), idTyped(visit));
        return back(visit, `The ruleset ${ruleset.name} is gone.`);
      },
    },
  };
}

function idTyped(visit: Visit): number {
  const id = Number(visit.field('id'));
  if (!Number.isSafeInteger(id) || id <= 0) throw problem('not_found', 'That is already gone.');
  return id;
}

async function asksToRemove(visit: Visit, permit: Permit): Promise<Question> {
  const { ruleset } = await rulesetById(visit.ctx, permit, idTyped(visit), false);
  return {
    title: `Remove the ruleset ${ruleset.name}?`,
    lead: 'From the next push on, everyone who can write may do what it forbids, unless something else forbids it.',
    act: 'Remove ruleset',
    consequences: [
      { title: 'This no longer applies', facts: rulesetSummary(ruleset) },
      { title: 'Stays: protected branches, other rulesets, and what the rules of each token say', stays: true },
    ],
    subject: ruleset.updatedAt,
    within: NarrowArea,
  };
}
