/**
 * What makes a long list usable: a search, tabs of states with counts, columns that sort, pages with a total. All of it
 * is links and one GET form, so it works without scripts, and an address says what it shows.
 */
import type { ComponentChildren, VNode } from 'preact';
import type { Visit } from '../frame/visit.ts';

/** Counted this far; beyond, a list says "more than". */
export function countWords(count: number, max: number): string {
  return count > max ? `${max.toLocaleString('en')}+` : count.toLocaleString('en');
}

/** The address of this list with other parameters; null takes one out. The page starts at its beginning again. */
export function listPath(
  { path, query }: Pick<Visit, 'path' | 'query'>,
  change: Readonly<Record<string, string | null>>,
): string {
  const parameters = new URLSearchParams(query);
  parameters.delete('page');
  parameters.delete('notice');
  for (const [name, value] of Object.entries(change))
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

/** A page number in the address, from 1 to `max`. */
export function pageIn(query: URLSearchParams, max: number): number {
  const page = Number(query.get('page'));
  return Number.isSafeInteger(page) && page >= 1 ? Math.min(page, max) : 1;
}

/** What the address wants of this list of words; the first one is meant when it says nothing that is known. */
export function oneOf<Word extends string>(words: readonly Word[], asked: string | null): Word {
  const found = words.find((each) => each === asked) ?? words[0];
  if (found === undefined) throw new TypeError('a list without words');
  return found;
}

/** The search above a list. Parameters of the address that it doesn't set are kept. */
export function ListSearch({ visit, label, value }: { visit: Visit; label: string; value: string }): VNode {
  const kept = [...visit.query].filter(([name]) => !['q', 'page', 'notice'].includes(name));
  return (
    <form method="get" class="lk-list-search" role="search">
      {kept.map(([name, each]) => (
        <input type="hidden" name={name} value={each} />
      ))}
      <input
        type="search"
        name="q"
        class="form-control"
        value={value}
        placeholder={label}
        aria-label={label}
        data-slash
        maxLength={100}
        spellcheck={false}
        autocomplete="off"
      />
      <button type="submit" class="btn">
        Search
      </button>
      {value === '' ? null : (
        <a class="btn btn-invisible" href={listPath(visit, { q: null })}>
          Clear
        </a>
      )}
    </form>
  );
}

export interface SetFilter {
  /** Of the parameter in the address. */
  readonly name: string;
  readonly label: string;
  readonly value: string;
}

/** What narrows a list, each with the link that takes it away. */
export function FilterChips({
  visit,
  set,
}: {
  visit: Pick<Visit, 'path' | 'query'>;
  set: readonly SetFilter[];
}): VNode | null {
  if (set.length === 0) return null;
  return (
    <ul class="lk-chips" aria-label="Set filters">
      {set.map(({ name, label, value }) => (
        <li>
          {label}: <bdi>{value}</bdi>
          <a href={listPath(visit, { [name]: null })} aria-label={`Remove the filter ${label.toLowerCase()}: ${value}`}>
            ×
          </a>
        </li>
      ))}
    </ul>
  );
}

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly count: string | null;
}

/** The first tab is the one without a parameter. */
export function Tabs({
  visit,
  label,
  parameter,
  tabs,
  current,
}: {
  visit: Visit;
  label: string;
  parameter: string;
  tabs: readonly Tab[];
  current: string;
}): VNode {
  return (
    <nav class="lk-tabs" aria-label={label}>
      {tabs.map((tab, index) => (
        <a
          href={listPath(visit, { [parameter]: index === 0 ? null : tab.name })}
          {...(tab.name === current ? ({ 'aria-current': 'page' } as const) : {})}
        >
          {tab.label}
          {tab.count === null ? null : <span class="Counter">{tab.count}</span>}
        </a>
      ))}
    </nav>
  );
}

export interface Sorting {
  readonly sort: string;
  readonly descending: boolean;
}

/** The head of a column that sorts; chosen again, the other way round. */
export function SortHead({
  visit,
  name,
  label,
  sorting,
  firstDown,
}: {
  visit: Visit;
  name: string;
  label: string;
  sorting: Sorting;
  /** True when the first click sorts downwards. */
  firstDown: boolean;
}): VNode {
  const isChosen = sorting.sort === name;
  const down = isChosen ? !sorting.descending : firstDown;
  return (
    <th scope="col" {...(isChosen ? ({ 'aria-sort': sorting.descending ? 'descending' : 'ascending' } as const) : {})}>
      <a href={listPath(visit, { sort: name, direction: down ? 'desc' : 'asc' })}>
        {label}
        {isChosen ? <span aria-hidden="true">{sorting.descending ? ' ↓' : ' ↑'}</span> : null}
      </a>
    </th>
  );
}

/** A list as a table, which scrolls sideways where it is too wide. */
export function ListTable({
  label,
  heads,
  foot,
  children,
}: {
  label: string;
  /** Cells of its head. */
  heads: ComponentChildren;
  foot: VNode;
  /** Its rows. */
  children: ComponentChildren;
}): VNode {
  return (
    <div class="lk-scroll lk-list" role="region" aria-label={label} tabIndex={0}>
      <table class="lk-table">
        <thead>
          <tr>{heads}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
      {foot}
    </div>
  );
}

/** The foot of a list: how much there is, and the way through it. */
export function ListFoot({
  visit,
  words,
  page,
  hasNext,
}: {
  visit: Visit;
  /** "1,204 tokens" */
  words: string;
  page: number;
  hasNext: boolean;
}): VNode {
  const to = (number: number): string => listPath(visit, { page: number === 1 ? null : String(number) });
  return (
    <div class="lk-list-foot">
      <span>{words}</span>
      {page === 1 && !hasNext ? (
        <span class="color-fg-muted">All shown</span>
      ) : (
        <nav aria-label="Pages" class="lk-pages">
          {page === 1 ? null : (
            <a rel="prev" href={to(page - 1)}>
              Previous
            </a>
          )}
          <span class="color-fg-muted">Page {page}</span>
          {hasNext ? (
            <a rel="next" href={to(page + 1)}>
              Next
            </a>
          ) : null}
        </nav>
      )}
    </div>
  );
}

const BAR = 3.2;
const HEIGHT = 24;

/** How high the cap of a day with refusals is. */
const CAP = 4;

/** Thirty days of use, on a scale of their own, with a cap where something was refused; the numbers are its label. */
export function Sparkline({
  daily,
  refused = [],
}: {
  daily: readonly number[];
  /** On the same days; left out where whoever looks isn't told. */
  refused?: readonly number[];
}): VNode {
  const most = Math.max(...daily, 1);
  const total = sumOf(daily);
  const refusals = sumOf(refused);
  const label =
    (total === 0
      ? `Not used in ${daily.length} days`
      : `Used ${total.toLocaleString('en')} ${total === 1 ? 'time' : 'times'} in ${daily.length} days`) +
    (refusals === 0 ? '' : `, refused ${refusals.toLocaleString('en')} ${refusals === 1 ? 'time' : 'times'}`);
  // One path for all bars: a page of them stays small.
  const high = (times: number): number => (times === 0 ? 0 : Math.max(2, Math.round((times / most) * HEIGHT)));
  const bars = daily.map((times, day) => (times === 0 ? '' : bar(day, high(times)))).join('');
  const caps = refused
    .map((times, day) => (times === 0 ? '' : bar(day, CAP, Math.min(high(daily[day] ?? 0), HEIGHT - CAP))))
    .join('');
  return (
    <svg class="lk-spark" viewBox={`0 0 96 ${HEIGHT + 1}`} width="96" height={HEIGHT + 1} role="img" aria-label={label}>
      <path class="lk-plot-axis" d={`M0 ${HEIGHT + 0.5}h96`} />
      {bars === '' ? null : <path class="lk-plot-bar" d={bars} />}
      {caps === '' ? null : <path class="lk-plot-refused" d={caps} />}
    </svg>
  );
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function bar(day: number, height: number, above = 0): string {
  return `M${Math.round(day * BAR * 10) / 10} ${HEIGHT - above - height}h2.2v${height}h-2.2z`;
}
