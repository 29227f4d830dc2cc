/**
 * For the administrator: everybody on the instance: suspended, restored, locked, freed from a lost second factor, or
 * given a link for a new password.
 */

import type { VNode } from 'preact';
import { type Account, restoreUser, suspendUser } from '../../../actions/accounts/accounts.ts';
import { lockUser, unlockUser } from '../../../actions/accounts/locks.ts';
import { handPasswordLink } from '../../../actions/accounts/new-password.ts';
import { endSessionsOf } from '../../../actions/accounts/people.ts';
import { resetTwoFactor } from '../../../actions/accounts/two-factor.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { closedBy } from '../../../actions/ground/closed-accounts.ts';
import { liftProviderFlag } from '../../../actions/identity/provider-flag.ts';
import { instancePeople } from '../../../actions/organizations/people-tables.ts';
import type { PermissionSet } from '../../../catalogue/permissions.ts';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, type FormAction, page, redirect, type WebPage } from '../frame/web-page.ts';
import { PeopleList, peopleWish } from '../organizations/people-table.tsx';
import { CopyBox, Icon, Notice, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { asksToEndSessions, asksToLock, asksToResetTwoFactor, asksToSuspend } from './people-questions.tsx';

const PEOPLE = '/instance/people';

const permitTo = (visit: Visit, permissions: PermissionSet, writes: boolean) =>
  visit.permit({ sets: [permissions], publicRead: false, writes }, { kind: 'instance' });

async function people(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, { instance_users: 'read' }, false);
  const wish = peopleWish(visit);
  const table = await instancePeople(visit.ctx, permit, wish);
  return page(
    'People',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="People" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      )}
      <HandedLink visit={visit} />
      <PeopleList visit={visit} wish={wish} table={table} ofInstance>
        {({ account }) => <Acts visit={visit} account={account} />}
      </PeopleList>
    </WithMenu>,
  );
}

/** The new link, only on the next page. */
function HandedLink({ visit }: { visit: Visit }): VNode | null {
  const link = visit.flash?.once?.['link'];
  if (typeof link !== 'string') return null;
  return (
    <div class="mb-4">
      <p>
        Send it where only they can read it. It is shown only once, and works once, for an hour; whoever opens it
        chooses the password.
      </p>
      <CopyBox id="password-link" value={link} label="Password link" />
    </div>
  );
}

async function makeLink(visit: Visit): Promise<Answer> {
  const login = visit.field('login');
  const path = await handPasswordLink(visit.ctx, await permitTo(visit, { instance_users: 'write' }, true), login);
  return redirect(PEOPLE, {
    tone: 'success',
    text: `Link for ${login}: the old password works until the link is used.`,
    once: { link: visit.ctx.settings.publicUrl + path },
  });
}

function Act({
  visit,
  form,
  login,
  words,
  danger = false,
}: {
  visit: Visit;
  form: string;
  login: string;
  words: string;
  danger?: boolean;
}): VNode {
  return (
    <Form f={visit.fields(form)} submit={null} inline>
      <Hidden name="login" value={login} />
      <button type="submit" class={`btn btn-sm${danger ? ' btn-danger' : ''}`} aria-label={`${words}: ${login}`}>
        {words}
      </button>
    </Form>
  );
}

/** What can be done with somebody, behind a button, so that a row stays one line. Opens without scripts. */
function Acts({ visit, account }: { visit: Visit; account: Account }): VNode {
  const { login, suspendedAt, disabledByProviderAt, twoFactorAt, lockedAt } = account;
  const isSelf = account.id === visit.user.account.id;
  return (
    <details class="lk-acts">
      <summary class="btn btn-sm" aria-label={`Actions for ${login}`}>
        <Icon name="kebab-horizontal" />
      </summary>
      <div class="lk-acts-list">
        {closedBy(account) === null ? (
          <Act visit={visit} form="password-link" login={login} words="Password link" />
        ) : null}{' '}
        {twoFactorAt === null ? null : (
          <Act visit={visit} form="reset-two-factor" login={login} words="Reset two-factor" />
        )}{' '}
        <Act visit={visit} form="end-sessions" login={login} words="End sessions" />{' '}
        {lockedAt !== null ? (
          <Act visit={visit} form="unlock" login={login} words="Unlock" />
        ) : isSelf ? null : (
          <Act visit={visit} form="lock" login={login} words="Lock" danger />
        )}{' '}
        {isSelf ? null : suspendedAt === null ? (
          <Act visit={visit} form="suspend" login={login} words="Suspend" danger />
        ) : (
          <Act visit={visit} form="restore" login={login} words="Restore" />
        )}{' '}
        {disabledByProviderAt === null ? null : (
          <Act visit={visit} form="lift-provider-flag" login={login} words="Enable in spite of the provider" />
        )}{' '}
        <a class="btn btn-sm" href={`${PEOPLE}/${login}/name`} aria-label={`Change the name: ${login}`}>
          Change the name
        </a>{' '}
        {isSelf ? null : (
          <a class="btn btn-sm btn-danger" href={`${PEOPLE}/${login}/delete`} aria-label={`Delete: ${login}`}>
            Delete
          </a>
        )}
      </div>
    </details>
  );
}

/** What a form for one action on a person says afterwards, and which form undoes it. */
interface Said {
  readonly words: (login: string) => string;
  readonly undo?: string;
}

/** A form for one action on a person. */
function personForm(
  act: (ctx: Visit['ctx'], permit: Permit, login: string, reason: string) => Promise<unknown>,
  { words, undo }: Said,
): FormAction {
  return {
    run: async (visit) => {
      const login = visit.field('login');
      await act(visit.ctx, await permitTo(visit, { instance_users: 'write' }, true), login, visit.field('reason'));
      return redirect(PEOPLE, {
        tone: 'success',
        text: words(login),
        ...(undo === undefined ? {} : { undo: { form: undo, fields: { login } } }),
      });
    },
  };
}

export const instancePeoplePages: readonly WebPage[] = [
  { path: '/instance', access: 'administrator', get: () => redirect(PEOPLE) },
  {
    path: PEOPLE,
    access: 'administrator',
    get: people,
    forms: {
      suspend: {
        asks: asksToSuspend,
        ...personForm(suspendUser, {
          words: (login) => `${login} is suspended: nothing of theirs works any more.`,
          undo: 'restore',
        }),
      },
      restore: personForm(restoreUser, { words: (login) => `${login} is no longer suspended.` }),
      'lift-provider-flag': {
        access: 'fresh',
        ...personForm(liftProviderFlag, {
          words: (login) => `${login} is enabled until the identity provider disables them again.`,
        }),
      },
      lock: {
        asks: asksToLock,
        ...personForm(lockUser, {
          words: (login) => `${login} is locked: every session has ended, and their tokens are frozen.`,
          undo: 'unlock',
        }),
      },
      unlock: {
        access: 'fresh',
        ...personForm(unlockUser, { words: (login) => `${login} is unlocked, and their tokens work again.` }),
      },
      'end-sessions': {
        asks: asksToEndSessions,
        ...personForm(endSessionsOf, { words: (login) => `Every session of ${login} has ended.` }),
      },
      'password-link': { access: 'fresh', once: true, run: makeLink },
      'reset-two-factor': {
        access: 'fresh',
        asks: asksToResetTwoFactor,
        ...personForm(resetTwoFactor, {
          words: (login) =>
            `${login} signs in with the password alone, until they turn two-factor authentication on again.`,
        }),
      },
    },
  },
];
