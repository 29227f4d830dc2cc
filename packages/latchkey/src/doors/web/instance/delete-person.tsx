/** For the administrator: a person's end. Says what ends with them, and asks what becomes of their repositories. */
import type { VNode } from 'preact';
import {
  type DeletionPreview,
  deleteUser,
  previewDeletion,
  type RepositoriesThen,
} from '../../../actions/instance/account-deletion.ts';
import { problem } from '../../../base/errors.ts';
import { isSameName } from '../../../rules/names.ts';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { Ending } from '../frame/question.tsx';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Radios } from '../parts/choice-fields.tsx';
import { Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const PEOPLE = '/instance/people';
/** Names of repositories that are listed; the rest is counted. */
const SHOWN = 10;

const permitTo = (visit: Visit, writes: boolean) =>
  visit.permit(
    { sets: [{ instance_users: writes ? 'write' : 'read' }], publicRead: false, writes },
    { kind: 'instance' },
  );

async function deletePage(visit: Visit): Promise<Answer> {
  const preview = await previewDeletion(visit.ctx, await permitTo(visit, false), visit.param('login'));
  const { login } = preview.account;
  return page(
    `Delete ${login}`,
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title={`Delete ${login}?`} level={1} />
      <WhatEnds preview={preview} />
      {preview.hindrances.map((sentence) => (
        <Notice tone="error">{sentence}</Notice>
      ))}
      {preview.hindrances.length > 0 ? null : <Question visit={visit} preview={preview} />}
      <p class="note mt-3">To stop everything but be able to undo it, suspend the account instead.</p>
    </WithMenu>,
  );
}

function WhatEnds({ preview }: { preview: DeletionPreview }): VNode {
  const { account, tokens, organizations, repositories } = preview;
  const more = repositories.length - SHOWN;
  return (
    <>
      <p>This can’t be undone. With the next request these end:</p>
      <ul class="Box list-style-none lk-ends">
        <Ending title={tokens === 0 ? 'No tokens' : tokens === 1 ? '1 token' : `${tokens} tokens`} />
        <Ending title="Sessions, passkeys, keys and e-mail addresses" />
        <Ending
          title="Roles in repositories of others"
          {...(organizations.length === 0 ? {} : { facts: `and membership in ${organizations.join(', ')}` })}
        />
        {repositories.length === 0 ? null : (
          <Ending
            title={repositories.length === 1 ? '1 repository' : `${repositories.length} repositories`}
            facts={
              repositories.slice(0, SHOWN).join(', ') +
              (more > 0 ? ` and ${more} more` : '') +
              ': moved or deleted, as you choose below'
            }
          />
        )}
        <Ending title="The audit log stays" facts={`Nobody can take the name ${account.login} for 90 days.`} stays />
      </ul>
    </>
  );
}

function Question({ visit, preview }: { visit: Visit; preview: DeletionPreview }): VNode {
  const f = visit.fields('delete');
  const { login } = preview.account;
  return (
    <Form f={f} submit="Delete this account" tone="danger" cancel={PEOPLE}>
      {preview.repositories.length === 0 ? null : (
        <>
          <Radios
            f={f}
            name="repositories"
            label="Their repositories"
            value="move"
            choices={[
              { value: 'move', label: 'Move them to another account', note: 'The addresses change with the owner.' },
              { value: 'delete', label: 'Delete them', note: 'Everything pushed to them is deleted, too.' },
            ]}
          />
          <TextField f={f} name="move_to" label="Move to" note="A person or an organization." />
        </>
      )}
      <TextField f={f} name="login" label={`Type ${login} to confirm`} required />
    </Form>
  );
}

async function deleteIt(visit: Visit): Promise<Answer> {
  const login = visit.param('login');
  const permit = await permitTo(visit, true);
  if (!isSameName(visit.field('login'), login)) throw problem('invalid', `Type ${login} to confirm.`, 'login');
  await deleteUser(visit.ctx, permit, { login, repositories: choiceIn(visit) });
  return redirect(PEOPLE, { tone: 'success', text: `${login} is deleted. Nothing of theirs works any more.` });
}

function choiceIn(visit: Visit): RepositoriesThen {
  const choice = visit.field('repositories');
  if (choice === 'delete') return 'delete';
  if (choice !== 'move') return 'none';
  const moveTo = visit.field('move_to').trim();
  if (moveTo === '') throw problem('missing_field', 'Say who gets them, or choose to delete them.', 'move_to');
  return { moveTo };
}

export const deletePersonPages: readonly WebPage[] = [
  {
    path: `${PEOPLE}/:login/delete`,
    access: 'administrator',
    get: deletePage,
    forms: { delete: { access: 'fresh', once: true, run: deleteIt } },
  },
];
