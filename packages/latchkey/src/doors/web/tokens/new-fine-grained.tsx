/** The page for a new fine-grained token, filled in by links, recipes or hand. */
import { freeTokenName, tryDraft } from '../../../actions/tokens/form.ts';
import { type OwnToken, ownToken } from '../../../actions/tokens/own-tokens.ts';
import { createToken } from '../../../actions/tokens/tokens.ts';
import { draftsOf } from '../../../actions/tokens/use/activity.ts';
import { type Complaint, Problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import { permissionNamed } from '../../../catalogue/permissions.ts';
import type { TokenDraft } from '../../../rules/draft.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, type FormAction, type WebPage } from '../frame/web-page.ts';
import { prefixOf, readTokenDraft, sourceOf } from './form/draft.ts';
import { fineGrainedForm } from './form/fine-grained.tsx';
import { readRestrictions, restrictionsToCopy } from './form/restrictions.tsx';
import { FINE_GRAINED_PATH } from './kinds.ts';
import { toNewSecret } from './secret/new-secret.tsx';

const show: FormAction = { run: (visit) => form(visit) };

export const newFineGrainedPages: readonly WebPage[] = [
  {
    path: `${FINE_GRAINED_PATH}/new`,
    access: 'sudo',
    get: form,
    forms: { create: { once: true, run: create }, show, 'add-owner': show, 'remove-owner': show },
  },
];

const draftIn = (visit: Visit, source: URLSearchParams): TokenDraft => ({
  ...readTokenDraft(source, visit.user.account.login),
  ...readRestrictions(source),
});

async function create(visit: Visit): Promise<Answer> {
  const permit = await visit.ownPermit();
  const draft = draftIn(visit, present(visit.typed, 'the form'));
  try {
    return toNewSecret(await createToken(visit.ctx, permit, draft));
  } catch (error) {
    if (!(error instanceof Problem) || draft.grants.length < 2) throw error;
    throw new Problem(await complaintsOfEachOwner(visit, draft, error.complaints));
  }
}

const OF_GRANT = new Set(['target_name', 'repositories', 'reason']);

/** With several owners, each complaint appears at the owner it is about. */
export async function complaintsOfEachOwner(
  visit: Visit,
  draft: TokenDraft,
  all: readonly Complaint[],
): Promise<Complaint[]> {
  const permit = await visit.ownPermit();
  const found: Complaint[] = [];
  for (const [index, grant] of draft.grants.entries()) {
    const { complaints } = await tryDraft(visit.ctx, permit, { ...draft, grants: [grant] });
    const own = complaints.filter(
      ({ field }) => field !== null && (OF_GRANT.has(field) || permissionNamed(field) !== undefined),
    );
    found.push(...own.map((complaint) => ({ ...complaint, field: prefixOf(index) + complaint.field })));
  }
  const told = new Set(found.map(({ message }) => message));
  return [...all.filter(({ message }) => !told.has(message)), ...found];
}

async function form(visit: Visit): Promise<Answer> {
  const isFilledIn = visit.typed !== null || visit.query.size > 0;
  const complaints = visit.problem?.complaints ?? (visit.typed === null && isFilledIn ? await ofTheLink(visit) : []);
  return fineGrainedForm(visit, {
    title: 'New fine-grained personal access token',
    path: `${FINE_GRAINED_PATH}/new`,
    submit: 'Generate token',
    source: visit.typed ?? (await withFreeName(visit)),
    isFilledIn,
    complaints,
    isNew: true,
  });
}

/** The token that the new one shall be like, alive or not; null when none is named. */
async function model(visit: Visit): Promise<OwnToken | null> {
  const id = Number(visit.query.get('like') ?? '');
  if (!Number.isSafeInteger(id) || id <= 0) return null;
  return ownToken(visit.ctx, await visit.ownPermit(), id, 'fine-grained');
}

/** What the link fills in, with a name that is still free. */
async function withFreeName(visit: Visit): Promise<URLSearchParams> {
  const like = await model(visit);
  const source =
    like === null ? new URLSearchParams(visit.query) : sourceOf(like.name, like.description, draftsOf(like));
  if (like !== null) for (const [name, value] of restrictionsToCopy(like)) source.set(name, value);
  const name = source.get('name') ?? '';
  if (name !== '') source.set('name', await freeTokenName(visit.ctx, await visit.ownPermit(), name));
  return source;
}

/** What is wrong with what a link filled in. What it left out isn't reported. */
async function ofTheLink(visit: Visit): Promise<Complaint[]> {
  const query = await withFreeName(visit);
  const complaints = await complaintsAbout(visit, query);
  return complaints.filter(({ field }) => field !== null && query.has(field));
}

async function complaintsAbout(visit: Visit, query: URLSearchParams): Promise<readonly Complaint[]> {
  try {
    return (await tryDraft(visit.ctx, await visit.ownPermit(), draftIn(visit, query))).complaints;
  } catch (error) {
    if (error instanceof Problem) return error.complaints;
    throw error;
  }
}
