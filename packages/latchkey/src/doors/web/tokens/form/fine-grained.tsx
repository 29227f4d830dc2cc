/**
 * The form of a fine-grained token (seed 002), new or edited: owners, repositories, permissions, and the summary in
 * words.
 *
 * All its buttons except the last send the form back filled in (`show`), so owners, repositories and the summary
 * change without scripts, too. With scripts, the same answer is fetched as the person types, and its parts marked
 * `data-live` are replaced.
 */
import type { VNode } from 'preact';
import { draftSentences } from '../../../../actions/tokens/draft-right.ts';
import { type FormFacts, findRepositories, formFacts, ownerToBeginWith } from '../../../../actions/tokens/form.ts';
import { type Complaint, Problem } from '../../../../base/errors.ts';
import { MAX_FINE_GRAINED_TOKENS, MAX_GRANTS } from '../../../../rules/draft.ts';
import { shortestCap } from '../../../../rules/policy.ts';
import type { RightGrant } from '../../../../rules/right/right-sentence.ts';
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from '../../../../rules/token-limits.ts';
import { DEVELOPER_MENU } from '../../frame/menus.ts';
import { WithMenu } from '../../frame/rail.tsx';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, page } from '../../frame/web-page.ts';
import { CopyBox, Day, Notice, Subhead } from '../../parts/components.tsx';
import { Fields } from '../../parts/fields.ts';
import { CancelLink, ErrorSummary, Hidden } from '../../parts/form.tsx';
import { RightWords, Spoken } from '../../parts/spoken.tsx';
import { TextArea, TextField } from '../../parts/text-fields.tsx';
import { FINE_GRAINED_PATH } from '../kinds.ts';
import { grantCount, grantOf, linkQuery, ownerOf, permissionsOf, prefixOf, selectionOf } from './draft.ts';
import { ExpirationField, ExpirationWords } from './expiration-field.tsx';
import { OwnerSection, type SectionFacts } from './owner-section.tsx';
import { Recipes } from './recipes.tsx';
import { refRulesForLink } from './ref-rule-fields.tsx';
import { RestrictionFields, type Restrictions, restrictionWords } from './restrictions.tsx';

export interface FormSpec {
  readonly title: string;
  /** The path it is sent to. */
  readonly path: string;
  readonly submit: string;
  /** What the fields show. */
  readonly source: URLSearchParams;
  /** False when the form is blank. */
  readonly isFilledIn: boolean;
  readonly complaints: readonly Complaint[];
  /** An edit doesn't change the secret and its end. */
  readonly isNew: boolean;
  /** What the token has that is being edited. */
  readonly held?: readonly RightGrant[];
  /** The restrictions of the token being edited. */
  readonly restrictions?: Restrictions;
}

/** The page with the form. */
export async function fineGrainedForm(
  visit: Visit,
  { title, path, submit, source, isFilledIn, complaints, isNew, restrictions, held = [] }: FormSpec,
): Promise<Answer> {
  const facts = await formFacts(visit.ctx, await visit.ownPermit());
  const blank = visit.fields('create');
  const f = new Fields({
    id: 'token',
    token: blank.token,
    nonce: blank.nonce,
    typed: isFilledIn ? source : null,
    query: visit.query,
    problem: complaints.length === 0 ? null : new Problem(complaints),
  });
  const recipeOwner =
    isFilledIn || !isNew
      ? ownerOf(source, 0)
      : await ownerToBeginWith(visit.ctx, await visit.ownPermit(), facts.owners);
  const indexes = Array.from({ length: grantCount(source) }, (_, index) => index);
  const [sections, sentences] = await Promise.all([
    Promise.all(indexes.map((index) => sectionOf(visit, facts, source, index))),
    draftSentences(
      visit.ctx,
      await visit.ownPermit(),
      indexes.map((index) => grantOf(source, index)),
      held,
    ),
  ]);
  return page(
    title,
    <WithMenu visit={visit} menu={DEVELOPER_MENU}>
      <Subhead title={title} level={1} />
      {isNew ? <Preconditions facts={facts} /> : null}
      {isNew ? <Recipes owner={recipeOwner} owners={facts.owners} isFilledIn={isFilledIn} /> : null}
      <form method="post" action={path} class="lk-form lk-token-form" data-live-form noValidate>
        <div class="lk-token-fields">
          <Hidden name="token" value={f.token} />
          <Hidden name="nonce" value={f.nonce} />
          <Hidden name="grants" value={String(sections.length)} />
          <ErrorSummary f={f} />
          <TextField
            f={f}
            name="name"
            label="Token name"
            required
            maxLength={MAX_NAME_LENGTH}
            note="Unique among your tokens."
            spellcheck={false}
          />
          {isNew ? (
            <ExpirationField
              f={f}
              at={visit.ctx.clock.now()}
              capDays={shortestCap([
                facts.capDays['fine-grained'],
                ...sections.map(({ known }) => known?.capDays ?? null),
              ])}
            />
          ) : null}
          <TextArea
            f={f}
            name="description"
            label="Description"
            rows={1}
            maxLength={MAX_DESCRIPTION_LENGTH}
            note="Optional."
          />
          {sections.map((section, index) => (
            <Section f={f} section={section} index={index} count={sections.length} />
          ))}
          <RestrictionFields f={f} token={restrictions} />
          {sections.length < MAX_GRANTS ? (
            <button type="submit" name="form" value="add-owner" class="btn btn-sm mb-3">
              Add another resource owner
            </button>
          ) : null}
        </div>
        <div class="lk-token-summary">
          <Summary
            visit={visit}
            facts={facts}
            source={source}
            sections={sections.map((section, index) => ({ ...section, sentence: sentences[index] ?? '' }))}
            submit={submit}
            isNew={isNew}
          />
        </div>
      </form>
    </WithMenu>,
  );
}

async function sectionOf(
  visit: Visit,
  facts: FormFacts,
  source: URLSearchParams,
  index: number,
): Promise<SectionFacts> {
  const prefix = prefixOf(index);
  const owner = ownerOf(source, index);
  const wanted = owner === '' ? facts.login : owner;
  const known = facts.owners.find(({ login }) => login.toLowerCase() === wanted.toLowerCase()) ?? null;
  const words = (source.get(`${prefix}repository_search`) ?? '').trim();
  const found =
    known?.kind === 'instance' ? [] : await findRepositories(visit.ctx, await visit.ownPermit(), owner, words);
  return {
    prefix,
    owner,
    known,
    owners: facts.owners,
    selection: selectionOf(source, index),
    chosenRepositories: [...new Set(source.getAll(`${prefix}repositories`))],
    words,
    found,
    permissions: permissionsOf(source, index),
    permissionWords: (source.get(`${prefix}permission_search`) ?? '').slice(0, 100),
  };
}

function Preconditions({ facts }: { facts: FormFacts }): VNode | null {
  const left = MAX_FINE_GRAINED_TOKENS - facts.fineGrainedCount;
  if (!facts.emailVerified)
    return (
      <Notice tone="warn">
        You need a verified e-mail address to create tokens. <a href="/settings/emails">Verify yours</a> first.
      </Notice>
    );
  if (left <= 0)
    return (
      <Notice tone="warn">
        You have {MAX_FINE_GRAINED_TOKENS} fine-grained tokens, which is the limit.{' '}
        <a href={FINE_GRAINED_PATH}>Delete one</a> that you no longer need first.
      </Notice>
    );
  return null;
}

function Section({
  f,
  section,
  index,
  count,
}: {
  f: Fields;
  section: SectionFacts;
  index: number;
  count: number;
}): VNode {
  if (count === 1) return <OwnerSection f={f} facts={section} />;
  return (
    <section class="Box p-3 mb-3" aria-label={`Resource owner ${index + 1}`}>
      <div class="d-flex flex-justify-between">
        <h2 class="f4 mb-2">Resource owner {index + 1}</h2>
        {index === count - 1 ? (
          <button type="submit" name="form" value="remove-owner" class="btn btn-sm">
            Remove
          </button>
        ) : null}
      </div>
      <OwnerSection f={f} facts={section} />
    </section>
  );
}

/** The future token in words, and the button that makes it. */
function Summary({
  visit,
  facts,
  source,
  sections,
  submit,
  isNew,
}: {
  visit: Visit;
  facts: FormFacts;
  source: URLSearchParams;
  sections: readonly (SectionFacts & { readonly sentence: string })[];
  submit: string;
  isNew: boolean;
}): VNode {
  const query = linkQuery(source, facts.login, refRulesForLink(source));
  const link = `${visit.ctx.settings.publicUrl}${FINE_GRAINED_PATH}/new${query}`;
  return (
    <>
      <div class="Box p-3">
        <div class="lk-dock">
          <div id="summary" data-live role="status" tabIndex={0} aria-label="What this token can do">
            <h2 class="f4 mb-2">This token</h2>
            <ul class="pl-3 mb-2">
              {sections.map((section) => (
                <li>
                  <RightWords words={section.sentence} />
                </li>
              ))}
              {isNew ? (
                <li>
                  <ExpirationWords at={visit.ctx.clock.now()} source={source} />
                </li>
              ) : null}
              {restrictionWords(source).map((words) => (
                <li>
                  <Spoken words={words} as={Day} />
                </li>
              ))}
            </ul>
          </div>
          <button type="submit" name="form" value="show" class="btn btn-sm mb-2 lk-needs-no-script">
            Show summary
          </button>
          {/* After the buttons that send another value, because the first one counts. */}
          <Hidden name="form" value="create" />
          <button type="submit" class="btn btn-primary btn-block">
            {submit}
          </button>
        </div>
        <CancelLink />
        {isNew ? (
          <p class="note mt-2 mb-0">
            {facts.fineGrainedCount} of {MAX_FINE_GRAINED_TOKENS} fine-grained tokens in use.
          </p>
        ) : null}
      </div>
      {isNew ? (
        <div id="share" class="mt-3" data-live>
          <p class="text-bold mb-1">Copy link to this form</p>
          <CopyBox id="form-link" value={link} label="Link to this form" />
          <p class="note">Whoever opens it sees the form filled in like this. It does not create a token.</p>
        </div>
      ) : null}
    </>
  );
}
