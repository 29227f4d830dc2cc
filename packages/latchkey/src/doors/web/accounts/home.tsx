/**
 * Home: a person's repositories and organizations; and any account's page, with the repositories that the visitor may
 * see there.
 */
import type { VNode } from 'preact';
import { readTargetAccount } from '../../../actions/accounts/people.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { tokenNeeds } from '../../../actions/organizations/needs.ts';
import { organizationsOf } from '../../../actions/organizations/organizations.ts';
import {
  listVisible,
  type RepositoryFilter,
  type RepositoryListing,
  type RepositoryPlace,
} from '../../../actions/repositories/listing.ts';
import { formFacts } from '../../../actions/tokens/form.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { organizationPath } from '../organizations/area.tsx';
import { Avatar, Blankslate, Icon, Label, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';
import { NeedsList } from './needs.tsx';

const ON_A_PAGE = 30;
const MAX_ORGANIZATIONS = 100;

/** Where the previous page ended, as in the address: `TIME-ID`. */
function placeIn({ query }: Visit): RepositoryPlace | null {
  const [, value, id] = /^(\d{1,12})-(\d{1,15})$/.exec(query.get('after') ?? '') ?? [];
  return value === undefined ? null : { value: Number(value), id: Number(id) };
}

function listOf(visit: Visit, permit: Permit, filter: RepositoryFilter): Promise<RepositoryListing> {
  return listVisible(
    visit.ctx,
    permit,
    filter,
    { sort: 'pushed', direction: 'desc' },
    { after: placeIn(visit), skip: 0, limit: ON_A_PAGE },
  );
}

function RepositoryList({ visit, listing, blank }: { visit: Visit; listing: RepositoryListing; blank: VNode }): VNode {
  const { repositories, next } = listing;
  if (repositories.length === 0) return blank;
  return (
    <>
      <div class="Box">
        <ul>
          {repositories.map(({ owner, repository }) => (
            <li class="Box-row">
              <a class="text-bold f4" href={`/${owner.login}/${repository.name}`}>
                {owner.login}/{repository.name}
              </a>{' '}
              <Label>{repository.visibility}</Label>
              {repository.archivedAt === null ? null : (
                <>
                  {' '}
                  <Label tone="attention">archived</Label>
                </>
              )}
              {repository.description === '' ? null : (
                <p class="mb-0 lk-break" dir="auto">
                  {repository.description}
                </p>
              )}
              <p class="color-fg-muted f6 mb-0">
                {repository.pushedAt === null ? (
                  'no pushes yet'
                ) : (
                  <>
                    pushed <Time at={repository.pushedAt} />
                  </>
                )}
              </p>
            </li>
          ))}
        </ul>
      </div>
      <NextPage href={next === null ? null : `${visit.path}?after=${next.value}-${next.id}`}>More</NextPage>
    </>
  );
}

async function home(visit: Visit): Promise<Answer> {
  if (visit.person === null) return redirect('/login');
  const permit = await visit.ownPermit();
  const { account } = visit.user;
  const [needs, listing, organizations, facts] = await Promise.all([
    tokenNeeds(visit.ctx, permit),
    listOf(visit, permit, {
      of: { userId: account.id, affiliations: ['owner', 'collaborator', 'organization_member'] },
    }),
    organizationsOf(visit.ctx, account.id, { beforeId: null, limit: MAX_ORGANIZATIONS }),
    formFacts(visit.ctx, permit),
  ]);
  return page(
    'Home',
    <div class="lk-columns lk-columns-right">
      <div class="lk-content">
        <NeedsList visit={visit} needs={{ ...needs, requests: visit.waiting }} />
        <Subhead title="Repositories">
          <a class="btn btn-primary btn-sm" href="/new">
            <Icon name="plus" />
            New repository
          </a>
        </Subhead>
        {facts.emailVerified ? null : (
          <Notice tone="warn">
            Your e-mail address is not verified yet; tokens can be created only after that.{' '}
            <a href="/settings/emails">Verify it</a>
          </Notice>
        )}
        <RepositoryList
          visit={visit}
          listing={listing}
          blank={
            <Blankslate heading="No repositories yet" icon="repo">
              <p>Yours, and those that you work on, are listed here.</p>
              <p>
                <a class="btn" href="/new">
                  Create a repository
                </a>
              </p>
            </Blankslate>
          }
        />
      </div>
      <aside aria-label="Shortcuts">
        <h2 class="f4 mb-2">Organizations</h2>
        {organizations.length === 0 ? (
          <p class="color-fg-muted">You’re not in any organization yet.</p>
        ) : (
          <ul class="list-style-none mb-3">
            {organizations.map(({ login }) => (
              <li class="mb-1 d-flex flex-items-center">
                <Avatar login={login} /> <a href={`/${login}`}>{login}</a>
              </li>
            ))}
          </ul>
        )}
        <h2 class="f4 mb-2">Tokens</h2>
        <ul class="list-style-none">
          <li class="py-1">
            <a href="/settings/personal-access-tokens/new">New token</a>
          </li>
          <li class="py-1">
            <a href="/settings/personal-access-tokens">Your tokens</a>
          </li>
          <li class="py-1">
            <a href="/settings/token-health">Token health</a>
          </li>
        </ul>
      </aside>
    </div>,
  );
}

async function account(visit: Visit): Promise<Answer> {
  const permit = await visit.permit(
    { sets: [], publicRead: true, writes: false },
    { kind: 'account', login: visit.param('owner') },
  );
  const shown = await readTargetAccount(visit.ctx, permit);
  const listing = await listOf(visit, permit, { ownerId: shown.id });
  const isOrganization = shown.kind === 'organization';
  const role = visit.person?.identity.facts?.memberships.get(shown.id) ?? null;
  return page(
    shown.login,
    <>
      <Subhead title={shown.name === '' ? shown.login : `${shown.name} (${shown.login})`} level={1}>
        {isOrganization && role !== null ? (
          <a class="btn btn-sm" href={organizationPath(shown.login, 'people')}>
            People
          </a>
        ) : null}{' '}
        {isOrganization && role === 'owner' ? (
          <a class="btn btn-sm" href={organizationPath(shown.login, 'personal-access-token-requests')}>
            Settings
          </a>
        ) : null}
      </Subhead>
      <RepositoryList
        visit={visit}
        listing={listing}
        blank={
          <Blankslate heading="No repositories" icon="repo">
            None that you can see.
          </Blankslate>
        }
      />
    </>,
  );
}

export const homePages: readonly WebPage[] = [
  { path: '/', access: 'anybody', get: home },
  { path: '/:owner', access: 'anybody', get: account },
];
