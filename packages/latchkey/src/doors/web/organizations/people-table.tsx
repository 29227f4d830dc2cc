/** The table of people: of an organization, and of the instance. */
import { type ComponentChildren, Fragment, type VNode } from 'preact';
import {
  MAX_PEOPLE_COUNTED,
  PEOPLE_ON_A_PAGE,
  PEOPLE_TABS,
  type PeopleTab,
  type PeopleTable,
  type PeopleWish,
  type PersonRow,
} from '../../../actions/organizations/people-tables.ts';
import type { Visit } from '../frame/visit.ts';
import { Avatar, Blankslate, Label, Time } from '../parts/components.tsx';
import { countWords, ListFoot, ListSearch, ListTable, listPath, oneOf, pageIn, Tabs } from '../parts/table-tools.tsx';

/** The furthest page: who lies behind is found by name. */
const MAX_PAGE = 400;
/** GitHub's word for a tab, which links of before have. */
const WITHOUT_TWO_FACTOR = '2fa_disabled';

export function peopleWish({ query }: Pick<Visit, 'query'>): PeopleWish {
  const filter = query.get('filter');
  return {
    text: (query.get('q') ?? '').trim().slice(0, 100),
    tab: oneOf(PEOPLE_TABS, filter === WITHOUT_TWO_FACTOR ? 'no-second-factor' : filter),
    page: pageIn(query, MAX_PAGE),
  };
}

const LABELS: Readonly<Record<PeopleTab, string>> = {
  all: 'Everybody',
  'no-second-factor': 'No second factor',
  administrators: 'Administrators',
  suspended: 'Suspended, disabled or locked',
};

/** What keeps somebody out, and how it is called. */
const SHUT = [
  ['suspendedAt', 'suspended'],
  ['disabledByProviderAt', 'disabled by provider'],
  ['lockedAt', 'locked'],
] as const;

export function PeopleList({
  visit,
  wish,
  table: { rows, counts },
  ofInstance,
  children,
}: {
  visit: Visit;
  wish: PeopleWish;
  table: PeopleTable;
  ofInstance: boolean;
  /** What can be done with somebody. */
  children: (row: PersonRow) => ComponentChildren;
}): VNode {
  const tabs = PEOPLE_TABS.flatMap((name) => {
    const count = counts[name];
    if (count === null || (count === 0 && name !== 'all' && name !== wish.tab)) return [];
    const label = name === 'administrators' && !ofInstance ? 'Owners' : LABELS[name];
    return [{ name, label, count: countWords(count, MAX_PEOPLE_COUNTED) }];
  });
  const count = counts[wish.tab] ?? 0;
  const manages = rows.some(({ facts }) => facts !== null);
  // An organization's owners learn of uses of tokens there, and of no sign-ins.
  const seen = ofInstance ? 'Last seen' : 'Token last used';
  return (
    <>
      <Tabs visit={visit} label="Which people" parameter="filter" tabs={tabs} current={wish.tab} />
      <ListSearch visit={visit} label={ofInstance ? 'Name, login or e-mail' : 'Name or login'} value={wish.text} />
      {rows.length === 0 ? (
        <Blankslate heading={wish.text === '' ? nobody(wish.tab) : `Nobody matches “${wish.text}”`}>
          <a href={listPath(visit, { q: null, filter: null })}>Show everybody</a>
        </Blankslate>
      ) : (
        <ListTable
          label="People"
          heads={<Heads manages={manages} seen={seen} />}
          foot={
            <ListFoot
              visit={visit}
              words={`${countWords(count, MAX_PEOPLE_COUNTED)} ${count === 1 ? 'person' : 'people'}`}
              page={wish.page}
              hasNext={
                rows.length === PEOPLE_ON_A_PAGE &&
                wish.page < MAX_PAGE &&
                (count > MAX_PEOPLE_COUNTED || wish.page * PEOPLE_ON_A_PAGE < count)
              }
            />
          }
        >
          {rows.map((row) => (
            <Person row={row} manages={manages} seen={seen}>
              {children(row)}
            </Person>
          ))}
        </ListTable>
      )}
    </>
  );
}

function Heads({ manages, seen }: { manages: boolean; seen: string }): VNode {
  return (
    <>
      <th scope="col" aria-sort="ascending">
        Person
      </th>
      {manages ? (
        <>
          <th scope="col">Second factor</th>
          <th scope="col">Tokens</th>
          <th scope="col">{seen}</th>
          <th scope="col">
            <span class="sr-only">Act</span>
          </th>
        </>
      ) : null}
    </>
  );
}

function nobody(tab: PeopleTab): string {
  return tab === 'no-second-factor' ? 'Everybody here has two-factor authentication.' : 'Nobody';
}

function Person({
  row: { account, role, facts },
  manages,
  seen,
  children,
}: {
  row: PersonRow;
  manages: boolean;
  seen: string;
  children: ComponentChildren;
}): VNode {
  const { login, name, admin, kind } = account;
  const shut = facts === null ? [] : SHUT.flatMap(([flag, words]) => (account[flag] === null ? [] : [words]));
  return (
    <tr>
      <td>
        <div class="lk-person">
          <Avatar login={login} />
          <div>
            <span class="text-bold">{login}</span>{' '}
            {role === null ? null : <Label tone={role === 'owner' ? 'accent' : 'secondary'}>{role}</Label>}{' '}
            {admin && role === null ? <Label tone="accent">administrator</Label> : null}{' '}
            {kind === 'machine' ? <Label tone="secondary">machine</Label> : null}{' '}
            {shut.map((state) => (
              <Fragment key={state}>
                <Label tone="danger">{state}</Label>{' '}
              </Fragment>
            ))}
            <div class="color-fg-muted">
              <bdi>{name}</bdi>
              {facts?.mail == null ? null : (
                <>
                  {name === '' ? '' : ' · '}
                  <bdi>{facts.mail}</bdi>
                </>
              )}
            </div>
          </div>
        </div>
      </td>
      {manages && facts !== null ? (
        <>
          <td data-label="Second factor">
            <SecondFactor account={account} />
          </td>
          <td data-label="Tokens">{facts.tokens === 0 ? 'none' : facts.tokens.toLocaleString('en')}</td>
          <td data-label={seen}>{facts.seenAt === null ? 'never' : <Time at={facts.seenAt} />}</td>
          <td class="lk-row-act">{children}</td>
        </>
      ) : null}
    </tr>
  );
}

function SecondFactor({ account }: Pick<PersonRow, 'account'>): VNode {
  if (account.kind === 'machine') return <span class="color-fg-muted">not needed</span>;
  return account.twoFactorAt === null ? <span class="color-fg-attention">none</span> : <>on</>;
}
