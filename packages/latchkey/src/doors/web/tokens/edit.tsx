/** Editing a token: its secret stays. Additional access to an organization that approves tokens waits for an owner. */
import { editToken } from '../../../actions/tokens/edits.ts';
import { type OwnToken, ownToken } from '../../../actions/tokens/own-tokens.ts';
import { draftsOf } from '../../../actions/tokens/use/activity.ts';
import { Problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { MAX_DESCRIPTION_LENGTH, MAX_NOTE_LENGTH } from '../../../rules/token-limits.ts';
import { DEVELOPER_MENU, PROFILE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, type FormAction, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { grantsWith } from './fix.tsx';
import { readTokenDraft, sourceOf } from './form/draft.ts';
import { fineGrainedForm } from './form/fine-grained.tsx';
import { type RestrictionEdit, RestrictionFields, readRestrictions } from './form/restrictions.tsx';
import { ScopeTree, scopesIn } from './form/scope-tree.tsx';
import { CLASSIC_PATH, FINE_GRAINED_PATH, idParam, pathOfToken, SCOPED_PATH } from './kinds.ts';
import { complaintsOfEachOwner } from './new-fine-grained.tsx';

async function fineGrained(visit: Visit): Promise<Answer> {
  const token = await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), 'fine-grained');
  const grants = grantsWith(visit, token);
  const again = grants.length === 0 ? askedBefore(token) : grants;
  const source = visit.typed ?? sourceOf(token.name, token.description, again);
  return fineGrainedForm(visit, {
    title: `Edit ${token.name}`,
    path: `${pathOfToken(token)}/edit`,
    submit: 'Save',
    source,
    isFilledIn: true,
    complaints: visit.problem?.complaints ?? [],
    isNew: false,
    restrictions: token,
    held: token.grants,
  });
}

/** What was denied or taken back, where nothing else is left: to be changed, and asked for again. */
function askedBefore(token: OwnToken): ReturnType<typeof draftsOf> {
  return draftsOf({ grants: token.grants.map((grant) => ({ ...grant, state: 'pending' as const })) });
}

async function saveFineGrained(visit: Visit): Promise<Answer> {
  const draft = readTokenDraft(present(visit.typed, 'the form'), visit.user.account.login);
  try {
    const { name, description, grants } = draft;
    const token = await editToken(visit.ctx, await visit.ownPermit(), idParam(visit), {
      name,
      description,
      grants,
      ...(await restrictionsIn(visit, 'fine-grained')),
    });
    return redirect(pathOfToken(token), { tone: 'success', text: 'Token updated. Its secret stays the same.' });
  } catch (error) {
    if (!(error instanceof Problem) || draft.grants.length < 2) throw error;
    throw new Problem(await complaintsOfEachOwner(visit, draft, error.complaints));
  }
}

/** The changes that the form makes to them. */
async function restrictionsIn(visit: Visit, kind: TokenKind): Promise<RestrictionEdit> {
  return readRestrictions(
    present(visit.typed, 'the form'),
    await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), kind),
  );
}

async function classic(visit: Visit): Promise<Answer> {
  const token = await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), 'classic');
  const f = visit.fields('edit');
  const chosen =
    visit.typed === null ? [...new Set([...token.scopes, ...scopesIn(visit.query)])] : scopesIn(visit.typed);
  return page(
    `Edit ${token.name}`,
    <WithMenu visit={visit} menu={DEVELOPER_MENU}>
      <Subhead title={`Edit ${token.name}`} level={1} />
      <p class="color-fg-muted">Changing its scopes ends what it was authorized for under single sign-on.</p>
      <Form f={f} submit="Update token">
        <TextField f={f} name="name" label="Note" value={token.name} required maxLength={MAX_NOTE_LENGTH} />
        <ScopeTree
          f={f}
          dialect="classic"
          chosen={chosen}
          label="Select scopes"
          note="Without any scope it reads public information only."
        />
        <RestrictionFields f={f} token={token} />
      </Form>
    </WithMenu>,
  );
}

async function scoped(visit: Visit): Promise<Answer> {
  const token = await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), 'scoped');
  const f = visit.fields('edit');
  return page(
    `Edit ${token.name}`,
    <WithMenu visit={visit} menu={PROFILE_MENU}>
      <Subhead title={`Edit ${token.name}`} level={1} />
      <p class="color-fg-muted">
        Its scopes ({token.scopes.join(', ')}) are fixed. For others, <a href={SCOPED_PATH}>create another token</a>.
      </p>
      <Form f={f} submit="Save">
        <TextField f={f} name="name" label="Token name" value={token.name} required maxLength={MAX_NOTE_LENGTH} />
        <TextArea
          f={f}
          name="description"
          label="Token description"
          value={token.description}
          rows={2}
          maxLength={MAX_DESCRIPTION_LENGTH}
        />
        <RestrictionFields f={f} token={token} />
      </Form>
    </WithMenu>,
  );
}

const show: FormAction = { run: (visit) => fineGrained(visit) };

export const editTokenPages: readonly WebPage[] = [
  {
    path: `${FINE_GRAINED_PATH}/:id/edit`,
    access: 'sudo',
    get: fineGrained,
    forms: { create: { run: saveFineGrained }, show, 'add-owner': show, 'remove-owner': show },
  },
  {
    path: `${CLASSIC_PATH}/:id/edit`,
    access: 'sudo',
    get: classic,
    forms: {
      edit: {
        run: async (visit) => {
          const token = await editToken(visit.ctx, await visit.ownPermit(), idParam(visit), {
            name: visit.field('name'),
            scopes: scopesIn(present(visit.typed, 'the form')),
            ...(await restrictionsIn(visit, 'classic')),
          });
          return redirect(pathOfToken(token), {
            tone: 'success',
            text: 'Token updated. Its secret stays the same.',
          });
        },
      },
    },
  },
  {
    path: `${SCOPED_PATH}/:id/edit`,
    access: 'sudo',
    get: scoped,
    forms: {
      edit: {
        run: async (visit) => {
          const token = await editToken(visit.ctx, await visit.ownPermit(), idParam(visit), {
            name: visit.field('name'),
            description: visit.field('description'),
            ...(await restrictionsIn(visit, 'scoped')),
          });
          return redirect(pathOfToken(token), {
            tone: 'success',
            text: 'Token updated. Its secret stays the same.',
          });
        },
      },
    },
  },
];
