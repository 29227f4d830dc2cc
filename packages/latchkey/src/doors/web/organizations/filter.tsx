/** How owners narrow and sort tables of tokens and requests, and how a token's permissions appear in them. */
import type { VNode } from 'preact';
import { REACH_SORTS, type ReachTable, type ReachWish } from '../../../actions/organizations/lists.ts';
import { MAX_PAGE, ROWS_ON_A_PAGE } from '../../../actions/tokens/use/lists.ts';
import { isOperators, type Level, type PermissionSet, permissionNamed } from '../../../catalogue/permissions.ts';
import type { Visit } from '../frame/visit.ts';
import {
  countWords,
  FilterChips,
  ListFoot,
  ListSearch,
  listPath,
  oneOf,
  pageIn,
  SortHead,
  Tabs,
} from '../parts/table-tools.tsx';
import { levelWords } from '../tokens/form/level-words.ts';

const FILTERS = [
  { name: 'owner', label: 'Owner', placeholder: 'login' },
  { name: 'repository', label: 'Repository', placeholder: 'name' },
  { name: 'permission', label: 'Permission', placeholder: 'contents_write' },
] as const;

/** What the address asks a table for. The first tab is the one without a parameter. */
export function reachWish<Tab extends string>({ query }: Visit, tabs: readonly Tab[]): ReachWish<Tab> {
  const sort = oneOf(REACH_SORTS, query.get('sort'));
  const text = (name: string): string | undefined => (query.get(name) ?? '').trim() || undefined;
  const owner = text('owner');
  return {
    text: (query.get('q') ?? '').trim().slice(0, 100),
    tab: oneOf(tabs, query.get('state')),
    sort,
    descending: query.has('direction') ? query.get('direction') === 'desc' : sort === 'created' || sort === 'used',
    page: pageIn(query, MAX_PAGE),
    filter: {
      owners: owner === undefined ? undefined : [owner],
      repository: text('repository'),
      permission: text('permission'),
    },
  };
}

/** True when the list was narrowed by anything. */
export function isNarrowed({ text, tab, filter }: ReachWish<string>): boolean {
  return text !== '' || tab !== 'all' || Object.values(filter).some((each) => each !== undefined);
}

/** Search, states and filters above a table of the organization's tokens, or of its requests. */
export function ReachTools({
  visit,
  wish,
  tabs,
  table,
}: {
  visit: Visit;
  wish: ReachWish<string>;
  tabs: readonly { readonly name: string; readonly label: string }[];
  /** Of the tab that is shown. */
  table: ReachTable<unknown>;
}): VNode {
  const set = FILTERS.filter(({ name }) => (visit.query.get(name) ?? '') !== '');
  return (
    <>
      <Tabs
        visit={visit}
        label="States"
        parameter="state"
        tabs={tabs.map((tab) => ({
          ...tab,
          count: tab.name === wish.tab ? countWords(table.count, table.most) : null,
        }))}
        current={wish.tab}
      />
      <ListSearch visit={visit} label="Token, person or last characters" value={wish.text} />
      <details class="mb-3">
        <summary class="btn btn-sm">Filter</summary>
        <form method="get" class="lk-filter mt-2" role="search" aria-label="Filter">
          {[...visit.query]
            .filter(([name]) => !['page', 'notice'].includes(name) && !FILTERS.some((each) => each.name === name))
            .map(([name, value]) => (
              <input type="hidden" name={name} value={value} />
            ))}
          {FILTERS.map(({ name, label, placeholder }) => (
            <div>
              <label for={`filter-${name}`} class="f6">
                {label}
              </label>
              <input
                id={`filter-${name}`}
                name={name}
                class="form-control input-sm"
                value={visit.query.get(name) ?? ''}
                placeholder={placeholder}
                maxLength={100}
                spellcheck={false}
                autocomplete="off"
              />
            </div>
          ))}
          <button type="submit" class="btn btn-sm">
            Filter
          </button>
          {set.length === 0 ? null : (
            <a class="btn btn-sm" href={listPath(visit, { owner: null, repository: null, permission: null })}>
              Clear
            </a>
          )}
        </form>
      </details>
      <FilterChips
        visit={visit}
        set={set.map(({ name, label }) => ({ name, label, value: visit.query.get(name) ?? '' }))}
      />
    </>
  );
}

/**
 * The heads of both tables: tokens that reach the organization, and requests.
 * @param since the one column in which they differ, with its label
 */
export function ReachHeads(shown: {
  visit: Visit;
  wish: ReachWish<string>;
  table: ReachTable<unknown>;
  since: readonly [name: ReachWish<string>['sort'], label: string];
}): VNode {
  const { visit, wish, table, since } = shown;
  const head = (name: ReachWish<string>['sort'], label: string): VNode => (
    <ReachHead visit={visit} wish={wish} table={table} name={name} label={label} />
  );
  return (
    <>
      <th scope="col">
        <span class="sr-only">Select</span>
      </th>
      {head('person', 'Person')}
      {head('name', 'Token')}
      <th scope="col">Use, 30 days</th>
      {head(...since)}
      {head('ends', 'Ends')}
    </>
  );
}

/** The head of a column; beyond what is counted nothing is sorted. */
function ReachHead({
  visit,
  wish,
  table,
  name,
  label,
}: {
  visit: Visit;
  wish: ReachWish<string>;
  table: ReachTable<unknown>;
  name: ReachWish<string>['sort'];
  label: string;
}): VNode {
  if (table.count > table.most) return <th scope="col">{label}</th>;
  return (
    <SortHead
      visit={visit}
      name={name}
      label={label}
      sorting={wish}
      firstDown={name === 'created' || name === 'used'}
    />
  );
}

/** How many there are, in what order, and the way through them. */
export function ReachFoot({
  visit,
  wish,
  table: { rows, count, most },
  noun,
}: {
  visit: Visit;
  wish: ReachWish<string>;
  table: ReachTable<unknown>;
  noun: string;
}): VNode {
  const tooMany = count > most;
  const words = `${countWords(count, most)} ${count === 1 ? noun : `${noun}s`}`;
  return (
    <ListFoot
      visit={visit}
      page={wish.page}
      words={tooMany ? `${words}, newest first: narrow the list to sort it` : words}
      hasNext={rows.length === ROWS_ON_A_PAGE && wish.page < MAX_PAGE && (tooMany || wish.page * rows.length < count)}
    />
  );
}

/** Where a service's permission counts: ` at npm.example.org`; nothing for one of this server's. */
function placesOf(visit: Visit, name: string): string {
  if (!isOperators(name)) return '';
  const services = visit.ctx.routeMaps.services().filter(({ permissions }) => permissions.has(name));
  const hosts = [...new Set(services.flatMap((service) => service.hosts))];
  return hosts.length === 0 ? '' : ` at ${hosts.join(', ')}`;
}

export function PermissionList({
  visit,
  permissions,
  repositoryNames,
}: {
  visit: Visit;
  permissions: PermissionSet;
  repositoryNames: readonly string[];
}): VNode | null {
  const entries = Object.entries(permissions);
  if (entries.length === 0 && repositoryNames.length === 0) return null;
  return (
    <details class="f6 mt-1">
      <summary>Permissions and repositories</summary>
      <ul class="pl-3 mt-1">
        {entries.map(([name, level]) => {
          const permission = permissionNamed(name);
          return (
            <li>
              {permission === undefined ? name : permission.title} <code class="lk-field-name">{name}</code>:{' '}
              {permission === undefined ? level : levelWords(permission, level as Level)}
              {placesOf(visit, name)}
            </li>
          );
        })}
        {repositoryNames.length === 0 ? null : <li>in {repositoryNames.join(', ')}</li>}
      </ul>
    </details>
  );
}
