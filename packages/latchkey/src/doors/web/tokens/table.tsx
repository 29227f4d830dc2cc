/** What every table of tokens has: its search, its tabs, the heads of its columns, its foot, and what it asks for. */
import type { VNode } from 'preact';
import {
  MAX_COUNTED,
  MAX_PAGE,
  type OwnTokenTable,
  ROWS_ON_A_PAGE,
  type TableWish,
  TOKEN_SORTS,
  TOKEN_TABS,
  type TokenTab,
  type TokenTable,
} from '../../../actions/tokens/use/lists.ts';
import { MAX_FINE_GRAINED_TOKENS } from '../../../rules/draft.ts';
import type { TokenKind } from '../../../rules/model.ts';
import type { Visit } from '../frame/visit.ts';
import { Blankslate } from '../parts/components.tsx';
import { countWords, ListSearch, listPath, oneOf, pageIn, SortHead, Tabs } from '../parts/table-tools.tsx';
import { ALL_PATH, KIND_WORDS, LIST_PATHS } from './kinds.ts';

/** What the address asks a table of tokens for. */
export function tableWish({ query }: Pick<Visit, 'query'>): TableWish {
  const sort = oneOf(TOKEN_SORTS, query.get('sort'));
  return {
    text: (query.get('q') ?? '').trim().slice(0, 100),
    tab: oneOf(TOKEN_TABS, query.get('state')),
    sort,
    descending: query.has('direction') ? query.get('direction') === 'desc' : sort === 'used' || sort === 'created',
    page: pageIn(query, MAX_PAGE),
  };
}

/** The lists of one's own tokens. The names by which guides lead to them are those of the menu, once on a page. */
const KIND_TABS = [
  { kind: null, label: 'All kinds', path: ALL_PATH },
  ...(['fine-grained', 'classic', 'scoped'] as const).map((kind) => ({
    kind,
    label: KIND_WORDS[kind],
    path: LIST_PATHS[kind],
  })),
];

/** The way between the lists. @param current null = the one of every kind */
export function KindTabs({ kinds, current }: { kinds: OwnTokenTable['kinds']; current: TokenKind | null }): VNode {
  const all = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return (
    <nav class="lk-kinds" aria-label="Kinds of tokens">
      {KIND_TABS.map(({ kind, label, path }) => (
        <a href={path} {...(kind === current ? ({ 'aria-current': 'page' } as const) : {})}>
          {label}
          <span class="Counter">{countWords(kind === null ? all : kinds[kind], MAX_COUNTED)}</span>
        </a>
      ))}
    </nav>
  );
}

const TAB_LABELS: Readonly<Record<TokenTab, string>> = {
  all: 'All',
  active: 'Active',
  ending: 'Ending soon',
  waiting: 'Waiting',
  unused: 'Unused',
  ended: 'Ended',
};

/** Search and tabs above a table of tokens. */
export function TokenTools({
  visit,
  wish,
  counts,
}: {
  visit: Visit;
  wish: TableWish;
  counts: TokenTable['counts'];
}): VNode {
  const tabs = TOKEN_TABS.filter((tab) => tab === 'all' || tab === wish.tab || counts[tab] > 0).map((name) => ({
    name,
    label: TAB_LABELS[name],
    count: countWords(counts[name], MAX_COUNTED),
  }));
  return (
    <>
      <Tabs visit={visit} label="States" parameter="state" tabs={tabs} current={wish.tab} />
      <ListSearch visit={visit} label="Name, repository, permission or last characters" value={wish.text} />
    </>
  );
}

/** The heads of the columns that all tables of tokens have. */
export function TokenHeads({ visit, wish }: { visit: Visit; wish: TableWish }): VNode {
  const head = (name: string, label: string, firstDown: boolean): VNode => (
    <SortHead visit={visit} name={name} label={label} sorting={wish} firstDown={firstDown} />
  );
  return (
    <>
      {head('name', 'Token', false)}
      <th scope="col">Use, 30 days</th>
      {head('used', 'Last used', true)}
      {head('ends', 'Ends', false)}
    </>
  );
}

/** How many the foot of a table says there are, and whether a further page follows. */
export function footOf(
  wish: TableWish,
  counts: TokenTable['counts'],
  shown: number,
): { words: string; hasNext: boolean } {
  const count = counts[wish.tab];
  return {
    words: `${countWords(count, MAX_COUNTED)} ${count === 1 ? 'token' : 'tokens'}`,
    hasNext: shown === ROWS_ON_A_PAGE && wish.page < MAX_PAGE && (count > MAX_COUNTED || wish.page * shown < count),
  };
}

/** How many of the fine-grained tokens that a person may have are there: said before the limit bites. */
export function limitWords({ 'fine-grained': count }: OwnTokenTable['kinds']): string {
  return `${count} of ${MAX_FINE_GRAINED_TOKENS} fine-grained tokens in use`;
}

/** What a search or a tab without rows shows. */
export function NothingFound({ visit, wish }: { visit: Visit; wish: TableWish }): VNode {
  return (
    <Blankslate
      icon="search"
      heading={wish.text === '' ? 'No token is in this state' : `No token matches “${wish.text}”`}
    >
      <a href={listPath(visit, { q: null, state: null })}>Show all tokens</a>
    </Blankslate>
  );
}
