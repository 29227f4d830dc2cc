/**
 * Home: what needs a person, their tokens and repositories; and any account's page, with the repositories that the
 * visitor may see there.
 */
import type { VNode } from 'preact';
import { readTargetAccount } from '../../../actions/accounts/people.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { tokenNeeds } from '../../../actions/organizations/needs.ts';
import {
  listVisible,
  type RepositoryFilter,
  type RepositoryListing,
  type RepositoryPlace,
} from '../../../actions/repositories/listing.ts';
import { formFacts } from '../../../actions/tokens/form.ts';
import { firstSteps } from '../../../actions/tokens/use/first-steps.ts';
import { type ListedToken, recentTokens } from '../../../actions/tokens/use/lists.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { organizationPath } from '../organizations/area.tsx';
import { Blankslate, CopyButton, Icon, Label, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';
import { Right } from '../parts/spoken.tsx';
import { Sparkline } from '../parts/table-tools.tsx';
import { ALL_PATH, FINE_GRAINED_PATH, pathOfToken } from '../tokens/kinds.ts';
import { StateLabel } from '../tokens/lists.tsx';
import { cloneUrl } from '../tokens/secret/next-steps.tsx';
import { FirstStepsList } from './first-steps.tsx';
import { NeedsList } from './needs.tsx';

const ON_A_PAGE = 30;

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

function addressOf({ ctx, person }: Visit, fullName: string): string {
  const { publicUrl } = ctx.settings;
  return person === null ? `${publicUrl}/${fullName}.git` : cloneUrl(publicUrl, person.account.login, fullName);
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
              <span class="lk-clone-button">
                <CopyButton
                  value={addressOf(visit, `${owner.login}/${repository.name}`)}
                  label={`Copy the clone address of ${owner.login}/${repository.name}`}
                />
              </span>
              <a class="text-bold" href={`/${owner.login}/${repository.name}`}>
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

/** The newest of somebody's tokens that the home page shows. */
const RECENT_TOKENS = 5;

async function home(visit: Visit): Promise<Answer> {
  if (visit.person === null) return redirect('/login');
  const permit = await visit.ownPermit();
  const { account } = visit.user;
  const [needs, listing, tokens, facts] = await Promise.all([
    tokenNeeds(visit.ctx, permit),
    listOf(visit, permit, {
      of: { userId: account.id, affiliations: ['owner', 'collaborator', 'organization_member'] },
    }),
    recentTokens(visit.ctx, permit, RECENT_TOKENS),
    formFacts(visit.ctx, permit),
  ]);
  const steps = await firstSteps(visit.ctx, permit, tokens, visit.ownTokens > tokens.length);
  const [first] = listing.repositories;
  return page(
    'Home',
    <>
      <NeedsList visit={visit} needs={{ ...needs, requests: visit.waiting }} />
      {facts.emailVerified ? null : (
        <Notice tone="warn">
          Your e-mail address is not verified yet; tokens can be created only after that.{' '}
          <a href="/settings/emails">Verify it</a>
        </Notice>
      )}
      {steps === null ? null : (
        <FirstStepsList
          visit={visit}
          steps={steps}
          repository={first === undefined ? null : `${first.owner.login}/${first.repository.name}`}
        />
      )}
      <div class="lk-home">
        <section aria-labelledby="home-tokens">
          <div class="lk-home-head">
            <h2 class="f4" id="home-tokens">
              Your tokens
            </h2>
            <span>
              {visit.ownTokens > tokens.length ? <a href={ALL_PATH}>See them all</a> : null}{' '}
              <a class={`btn btn-sm${steps?.made === false ? '' : ' btn-primary'}`} href={`${FINE_GRAINED_PATH}/new`}>
                <Icon name="plus" />
                New token
              </a>
            </span>
          </div>
          <RecentTokens tokens={tokens} />
        </section>
        <section aria-labelledby="home-repositories">
          <div class="lk-home-head">
            <h2 class="f4" id="home-repositories">
              Repositories
            </h2>
            <a class="btn btn-sm" href="/new">
              <Icon name="plus" />
              New repository
            </a>
          </div>
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
        </section>
      </div>
    </>,
  );
}

function RecentTokens({ tokens }: { tokens: readonly ListedToken[] }): VNode {
  if (tokens.length === 0)
    return (
      <Blankslate heading="No tokens yet" icon="key">
        A token stands in for your password with Git and the API, and does only what you choose.
      </Blankslate>
    );
  return (
    <div class="Box">
      <ul>
        {tokens.map((token) => (
          <li class="Box-row lk-home-token">
            <div class="lk-token-what">
              <a class="text-bold" dir="auto" href={pathOfToken(token)}>
                {token.name}
              </a>{' '}
              <StateLabel token={token} />
              <p class="mb-0 f6">
                <Right token={token} reader="owner" />
              </p>
            </div>
            <Sparkline daily={token.daily} refused={token.dailyRefused} />
            <span class="color-fg-muted f6">
              {token.lastUse === null ? 'never used' : <Time at={token.lastUse.usedAt} />}
            </span>
          </li>
        ))}
      </ul>
    </div>
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
