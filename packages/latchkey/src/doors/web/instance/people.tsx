/**
 * For the administrator: everybody on the instance, suspended, restored, freed from a lost second factor, or given a
 * link for another password; and every active token.
 */

import type { VNode } from 'preact';
import { type Account, restoreUser, suspendUser } from '../../../actions/accounts/accounts.ts';
import { handPasswordLink } from '../../../actions/accounts/new-password.ts';
import { resetTwoFactor } from '../../../actions/accounts/two-factor.ts';
import { listAllAccounts, listAllTokens } from '../../../actions/instance/instance-lists.ts';
import { revokeToken } from '../../../actions/tokens/tokens.ts';
import { problem } from '../../../base/errors.ts';
import type { PermissionSet } from '../../../catalogue/permissions.ts';
import { rightSentence } from '../../../rules/right-sentence.ts';
import { WithMenu } from '../frame/layout.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { Avatar, Blankslate, CopyBox, Label, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Ends, LastUse, StateLabel } from '../tokens/lists.tsx';

const ON_A_PAGE = 50;
const PEOPLE = '/instance/people';
const TOKENS = '/instance/tokens';

const permitTo = (visit: Visit, permissions: PermissionSet, writes: boolean) =>
  visit.permit({ sets: [permissions], publicRead: false, writes }, { kind: 'instance' });

async function people(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, { instance_users: 'read' }, false);
  const accounts = await listAllAccounts(visit.ctx, permit, 'user', {
    beforeId: numberIn(visit.query, 'before'),
    limit: ON_A_PAGE,
  });
  return page(
    'People',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="People" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      )}
      <HandedLink visit={visit} />
      <div class="Box">
        <ul>
          {accounts.map((account) => (
            <Person visit={visit} account={account} />
          ))}
        </ul>
      </div>
      <NextPage href={nextPagePath(visit, 'before', accounts.length < ON_A_PAGE ? undefined : accounts.at(-1)?.id)} />
    </WithMenu>,
  );
}

/** The link that was just made, on the next page alone. */
function HandedLink({ visit }: { visit: Visit }): VNode | null {
  const link = visit.flash?.once?.['link'];
  if (typeof link !== 'string') return null;
  return (
    <div class="mb-4">
      <p>
        Hand it over by a way on which nobody else reads. It is shown this once, and works once, for an hour; whoever
        opens it chooses the password.
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
    text: `Link for ${login}: the password of before works until it is used.`,
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

function Person({ visit, account }: { visit: Visit; account: Account }): VNode {
  const { login, name, admin, suspendedAt, twoFactorAt, createdAt } = account;
  const isSelf = account.id === visit.user.account.id;
  return (
    <li class="Box-row d-flex flex-items-center flex-justify-between">
      <span class="d-flex flex-items-center">
        <Avatar login={login} />{' '}
        <span>
          <span class="text-bold">{login}</span> {name} {admin ? <Label tone="accent">administrator</Label> : null}{' '}
          {suspendedAt === null ? null : <Label tone="danger">suspended</Label>}{' '}
          {twoFactorAt === null ? null : <Label tone="success">two-factor</Label>}
          <br />
          <span class="color-fg-muted f6">
            here since <Time at={createdAt} />
          </span>
        </span>
      </span>
      <span>
        {suspendedAt === null ? <Act visit={visit} form="password-link" login={login} words="Password link" /> : null}{' '}
        {twoFactorAt === null ? null : (
          <Act visit={visit} form="reset-two-factor" login={login} words="Reset two-factor" />
        )}{' '}
        {isSelf ? null : suspendedAt === null ? (
          <Act visit={visit} form="suspend" login={login} words="Suspend" danger />
        ) : (
          <Act visit={visit} form="restore" login={login} words="Restore" />
        )}
      </span>
    </li>
  );
}

async function tokens(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, { instance_personal_access_tokens: 'read' }, false);
  const owner = (visit.query.get('owner') ?? '').trim();
  const rows = await listAllTokens(visit.ctx, permit, owner === '' ? null : owner, {
    beforeId: numberIn(visit.query, 'before'),
    limit: ON_A_PAGE,
  });
  return page(
    'Active tokens',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Active tokens" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      )}
      <form method="get" class="lk-filter mb-3" role="search">
        <div>
          <label for="token-owner" class="f6">
            Owner
          </label>
          <input
            id="token-owner"
            name="owner"
            class="form-control input-sm"
            value={owner}
            placeholder="login"
            maxLength={60}
            spellcheck={false}
          />
        </div>
        <button type="submit" class="btn btn-sm">
          Filter
        </button>
      </form>
      {rows.length === 0 ? (
        <Blankslate heading="There is none" />
      ) : (
        <Form f={visit.fields('revoke')} submit="Revoke" tone="danger">
          <div class="Box mb-3">
            <ul>
              {rows.map((token) => (
                <li class="Box-row lk-pick">
                  <input type="checkbox" id={`token-${token.id}`} name="ids" value={String(token.id)} />
                  <div class="lk-token-what">
                    <label for={`token-${token.id}`}>
                      <span class="text-bold">{token.name}</span> of {token.owner.login}
                    </label>{' '}
                    <Label>{KIND_WORDS[token.kind]}</Label> <StateLabel state={token.state} />
                    <p class="mb-1">{rightSentence(token, 'other')}</p>
                    <p class="color-fg-muted f6 mb-0">
                      <Ends expiresAt={token.expiresAt} at={visit.ctx.clock.now()} /> · <LastUse token={token} />
                    </p>
                  </div>
                </li>
              ))}
            </ul>
          </div>
        </Form>
      )}
      <NextPage href={nextPagePath(visit, 'before', rows.length < ON_A_PAGE ? undefined : rows.at(-1)?.id)} />
    </WithMenu>,
  );
}

async function revoke(visit: Visit): Promise<Answer> {
  const ids = (visit.typed?.getAll('ids') ?? [])
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0)
    .slice(0, ON_A_PAGE);
  if (ids.length === 0) throw problem('missing', 'Tick at least one token.');
  const permit = await permitTo(visit, { instance_personal_access_tokens: 'write' }, true);
  for (const id of ids) await revokeToken(visit.ctx, permit, id);
  return redirect(TOKENS, {
    tone: 'success',
    text: ids.length === 1 ? 'The token is revoked.' : `${ids.length} tokens are revoked.`,
  });
}

export const instancePeoplePages: readonly WebPage[] = [
  { path: '/instance', access: 'administrator', get: () => redirect(PEOPLE) },
  {
    path: PEOPLE,
    access: 'administrator',
    get: people,
    forms: {
      suspend: {
        run: async (visit) => {
          if (visit.field('login').toLowerCase() === visit.user.account.login.toLowerCase())
            throw problem('unprocessable', 'You can’t suspend yourself.');
          await suspendUser(visit.ctx, await permitTo(visit, { instance_users: 'write' }, true), visit.field('login'));
          return redirect(PEOPLE, {
            tone: 'success',
            text: `${visit.field('login')} is suspended: nothing of theirs works any more.`,
          });
        },
      },
      restore: {
        run: async (visit) => {
          await restoreUser(visit.ctx, await permitTo(visit, { instance_users: 'write' }, true), visit.field('login'));
          return redirect(PEOPLE, {
            tone: 'success',
            text: `${visit.field('login')} is back, and so are their tokens.`,
          });
        },
      },
      'password-link': { access: 'fresh', once: true, run: makeLink },
      'reset-two-factor': {
        access: 'fresh',
        run: async (visit) => {
          await resetTwoFactor(
            visit.ctx,
            await permitTo(visit, { instance_users: 'write' }, true),
            visit.field('login'),
          );
          return redirect(PEOPLE, {
            tone: 'success',
            text: `${visit.field('login')} signs in with the password alone, until they switch two-factor authentication on again.`,
          });
        },
      },
    },
  },
  { path: TOKENS, access: 'administrator', get: tokens, forms: { revoke: { once: true, run: revoke } } },
];
