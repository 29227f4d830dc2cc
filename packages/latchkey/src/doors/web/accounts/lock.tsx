/** "This wasn't me": the page behind the link of a mail, and the one on which an owner unlocks the account again. */
import type { VNode } from 'preact';
import { lockByAlarm, readAlarm, unlockOwn } from '../../../actions/accounts/locks.ts';
import { readSecret } from '../../../actions/ground/one-time-secrets.ts';
import { ownTokenRows, type TokenRow } from '../../../actions/tokens/own-tokens.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { isOver } from '../../../rules/token-state.ts';
import { deadLink } from '../frame/error-pages.tsx';
import { Narrow } from '../frame/layout.tsx';
import { SETTINGS_MENU, UNLOCK_PATH } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { Right } from '../parts/spoken.tsx';
import { LIST_PATHS, pathOfToken } from '../tokens/kinds.ts';
import { LastUse } from '../tokens/lists.tsx';

const KINDS: readonly TokenKind[] = ['fine-grained', 'classic', 'scoped'];
const DEAD =
  'If you think that somebody is in your account, choose a new password, or ask an administrator to lock it.';

export const lockPages: readonly WebPage[] = [
  { path: '/not-me/:link', access: 'anybody', get: showAlarm, forms: { lock: { once: true, run: doLock } } },
  { path: '/locked', access: 'anybody', get: showLocked },
  { path: UNLOCK_PATH, access: 'sudo', get: showUnlock, forms: { unlock: { access: 'fresh', run: doUnlock } } },
];

/** With a button: mail programs open links by themselves. */
async function showAlarm(visit: Visit): Promise<Answer> {
  const link = readSecret(visit.param('link'));
  const account = link === null ? null : await readAlarm(visit.ctx, link);
  if (account === null) return deadLink(DEAD);
  return page(
    'Lock your account',
    <Narrow title="Lock your account?">
      <div class="Box p-3">
        <Form f={visit.fields('lock')} submit={`Lock ${account.login}`} tone="danger">
          <p>
            If somebody else changed your account <strong>{account.login}</strong>, lock it now:
          </p>
          <ul class="pl-3 mb-3 lk-bullets">
            <li>Every session ends, everywhere.</li>
            <li>Your tokens are frozen: refused, not deleted.</li>
            <li>Nobody signs in until you have chosen a new password by mail.</li>
          </ul>
        </Form>
      </div>
      <p class="mt-3 text-center">
        Was it you? <a href="/">Leave everything as it is</a>
      </p>
    </Narrow>,
  );
}

async function doLock(visit: Visit): Promise<Answer> {
  const link = readSecret(visit.param('link'));
  if (link === null) return deadLink(DEAD);
  const mailed = await lockByAlarm(visit.ctx, link, visit.visitor);
  visit.setSession(null);
  return redirect(`/locked${mailed ? '' : '?ask=administrator'}`);
}

function showLocked(visit: Visit): Answer {
  return page(
    'Account locked',
    <Narrow title="The account is locked">
      <div class="Box p-3">
        <p>Every session has ended, and the tokens are frozen.</p>
        <p class="mb-0">
          {visit.query.get('ask') === 'administrator'
            ? 'Your primary address was changed recently, or isn’t verified, so no mail can tell you from whoever ' +
              'changed it. Ask an administrator for a link to a new password.'
            : 'A mail with a link to a new password is on its way to your primary address. Then sign in, look ' +
              'through your tokens, and unlock the account.'}
        </p>
      </div>
    </Narrow>,
  );
}

async function showUnlock(visit: Visit): Promise<Answer> {
  if (visit.user.account.lockedAt === null) return notLocked(visit);
  const permit = await visit.ownPermit();
  const lists = await Promise.all(KINDS.map(async (kind) => ownTokenRows(visit.ctx, permit, kind, null)));
  const living = lists.flat().filter(({ state }) => !isOver(state));
  return page(
    'Unlock your account',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Unlock your account" level={1} />
      <Notice tone="warn">
        Someone else may have been in here. Check what they could have left behind, then unlock. After that, your tokens
        work again.
      </Notice>
      <ol class="pl-4 mb-4">
        <li>
          <a href="/settings/emails">E-mail addresses</a>: remove those that aren't yours.
        </li>
        <li>
          <a href="/settings/security">Password and authentication</a>: keep only factors, and identities at other
          services, that are yours.
        </li>
        <li>
          <a href="/settings/security-log">Security log</a>: see what was done, and from where.
        </li>
        <li>Tokens: delete those that you don't know.</li>
      </ol>
      {living.length === 0 ? (
        <p>You have no tokens.</p>
      ) : (
        <ul class="Box list-style-none mb-4" aria-label="Frozen tokens">
          {living.map((token) => (
            <Row token={token} />
          ))}
        </ul>
      )}
      <p class="mb-3">
        Every token, also those that have ended: <a href={LIST_PATHS['fine-grained']}>fine-grained</a>,{' '}
        <a href={LIST_PATHS.classic}>classic</a>, <a href={LIST_PATHS.scoped}>access tokens</a>.
      </p>
      <Form f={visit.fields('unlock')} submit="Unlock my account" />
    </WithMenu>,
  );
}

function notLocked(visit: Visit): Answer {
  return page(
    'Unlock your account',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Your account is not locked" level={1} />
      <p>Your tokens work. There is nothing to unlock.</p>
    </WithMenu>,
  );
}

function Row({ token }: { token: TokenRow }): VNode {
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <a class="text-bold" href={pathOfToken(token)}>
          {token.name}
        </a>
        <div>
          <Right token={token} reader="owner" />
        </div>
        <div class="color-fg-muted f6">
          <LastUse token={token} />
        </div>
      </div>
      <a class="btn btn-sm btn-danger" href={`${pathOfToken(token)}/delete`} aria-label={`Delete ${token.name}`}>
        Delete
      </a>
    </li>
  );
}

async function doUnlock(visit: Visit): Promise<Answer> {
  await unlockOwn(visit.ctx, await visit.ownPermit());
  return redirect('/settings/security', { tone: 'success', text: 'Your account is unlocked. Your tokens work again.' });
}
