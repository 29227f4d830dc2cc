/** The lists of a person's tokens: what each reaches, when it was used, when it expires, its state. */

import type { ComponentProps, VNode } from 'preact';
import type { TokenRow } from '../../../actions/tokens/own-tokens.ts';
import {
  type ListedToken,
  type OwnTokenTable,
  ownTokenTable,
  type TableWish,
} from '../../../actions/tokens/use/lists.ts';
import type { TokenState, TokenView } from '../../../actions/tokens/views.ts';
import { DAY_SEC, type UnixSeconds } from '../../../base/time.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { worksToday } from '../../../rules/right/right-sentence.ts';
import { endsSoon } from '../../../rules/token-health.ts';
import { DEVELOPER_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, Day, Label, Subhead, Time } from '../parts/components.tsx';
import { type RowAct, RowMenu } from '../parts/row-menu.tsx';
import { Right } from '../parts/spoken.tsx';
import { ListFoot, ListTable, Sparkline } from '../parts/table-tools.tsx';
import type { IconName } from '../styles/icons.ts';
import { checkPath } from './check/question.ts';
import { GenerateMenu } from './generate-menu.tsx';
import { ALL_PATH, FINE_GRAINED_PATH, KIND_WORDS, LIST_PATHS, pathOfToken, SCOPED_PATH } from './kinds.ts';
import { footOf, KindTabs, limitWords, NothingFound, TokenHeads, TokenTools, tableWish } from './table.tsx';

/** What to expect of a token has no words: only what differs from that is marked. */
const STATES: Readonly<Record<Exclude<TokenState, 'active'>, ComponentProps<typeof Label> & { icon: IconName }>> = {
  pending: { tone: 'attention', icon: 'hourglass', children: 'Pending approval' },
  blocked: { tone: 'danger', icon: 'no-entry', children: 'Blocked by policy' },
  expired: { tone: 'secondary', icon: 'circle-slash', children: 'Expired' },
  revoked: { tone: 'secondary', icon: 'circle-slash', children: 'Revoked' },
  replaced: { tone: 'secondary', icon: 'circle-slash', children: 'Replaced' },
  used_up: { tone: 'secondary', icon: 'circle-slash', children: 'Used up' },
  not_yet_valid: { tone: 'accent', icon: 'clock', children: 'Not yet valid' },
  denied: { tone: 'danger', icon: 'no-entry', children: 'Denied' },
  access_revoked: { tone: 'danger', icon: 'no-entry', children: 'Access revoked' },
  owner_suspended: { tone: 'danger', icon: 'no-entry', children: 'Owner suspended' },
  owner_disabled_by_provider: { tone: 'danger', icon: 'no-entry', children: 'Owner disabled by provider' },
  account_locked: { tone: 'danger', icon: 'no-entry', children: 'Frozen' },
};

/** The state of a token, where it isn't simply in force. One of which nothing works isn't, even if it lives. */
export function StateLabel({ token }: { token: TokenView }): VNode | null {
  if (token.state !== 'active') return <Label {...STATES[token.state]} />;
  return worksToday(token) ? null : <Label tone="danger" icon="no-entry" children="Nothing works" />;
}

/** When a token ends, in colours and words that change as it gets near. */
/** @param short the words of a column that is headed "Ends" */
export function Ends({
  token,
  at,
  short = false,
}: {
  token: Pick<TokenView, 'issuedAt' | 'expiresAt'>;
  at: UnixSeconds;
  short?: boolean;
}): VNode {
  const { expiresAt } = token;
  if (expiresAt === null) return <span class="color-fg-attention">{short ? 'never' : 'never ends'}</span>;
  const left = expiresAt - at;
  if (left <= 0)
    return (
      <span class="color-fg-danger">
        ended on <Day at={expiresAt} />
      </span>
    );
  if (!endsSoon(token, at))
    return (
      <span class="color-fg-muted">
        {short ? '' : 'ends on '}
        <Day at={expiresAt} />
      </span>
    );
  const days = Math.floor(left / DAY_SEC);
  if (days < 1) return <span class="color-fg-danger text-bold">{short ? '' : 'ends '}within a day</span>;
  return (
    <span class="color-fg-danger">
      {short ? '' : 'ends '}in {days} {days === 1 ? 'day' : 'days'}, on <Day at={expiresAt} />
    </span>
  );
}

/** @param short the words of a column that is headed "Last used" */
export function LastUse({ token, short = false }: { token: Pick<TokenRow, 'lastUse'>; short?: boolean }): VNode {
  const { lastUse } = token;
  if (lastUse === null) return <>{short ? 'never' : 'never used'}</>;
  return (
    <>
      {short ? '' : 'last used '}
      <Time at={lastUse.usedAt} /> from <span class="lk-mono">{lastUse.address}</span>
      {lastUse.purpose === '' ? null : <> to {lastUse.purpose}</>}
    </>
  );
}

/** The form for another token like this one, filled in. */
function againPath({ kind, id, name, scopes }: ListedToken): string {
  if (kind === 'fine-grained') return `${FINE_GRAINED_PATH}/new?like=${id}`;
  const query = new URLSearchParams({
    [kind === 'classic' ? 'description' : 'name']: name,
    scopes: scopes.join(','),
  });
  return kind === 'classic' ? `${LIST_PATHS.classic}/new?${query}` : `${SCOPED_PATH}?${query}`;
}

function actsOf(token: ListedToken): RowAct[] {
  const path = pathOfToken(token);
  return [
    { words: 'Rotate', path: `${path}/renew` },
    { words: 'Edit', path: `${path}/edit` },
    { words: 'Same again', path: againPath(token) },
    { words: 'May it do this?', path: checkPath(token.id) },
    { words: 'Delete', path: `${path}/delete`, danger: true },
  ];
}

/** @param mixed true in a list of every kind */
function Row({ visit, token, mixed }: { visit: Visit; token: ListedToken; mixed: boolean }): VNode {
  return (
    <tr>
      <td class="lk-token-what">
        <a class="text-bold" dir="auto" href={pathOfToken(token)}>
          {token.name}
        </a>{' '}
        {mixed && token.kind !== 'fine-grained' ? (
          <>
            <Label>{KIND_WORDS[token.kind]}</Label>{' '}
          </>
        ) : null}
        <StateLabel token={token} />
        {token.refusedLately === 0 ? null : (
          <>
            {' '}
            <Label tone="danger" icon="no-entry">
              refused {token.refusedLately}× this week
            </Label>
          </>
        )}
        <p class="mb-0 f6">
          <Right token={token} reader="owner" />
        </p>
      </td>
      <td>
        <Sparkline daily={token.daily} refused={token.dailyRefused} />
      </td>
      <td data-label="Used">
        <LastUse token={token} short />
      </td>
      <td data-label="Ends">
        <Ends token={token} at={visit.ctx.clock.now()} short />
      </td>
      <td class="lk-row-act">
        <RowMenu of={token.name} acts={actsOf(token)} />
      </td>
    </tr>
  );
}

/** The table of a person's tokens, with its search and its tabs. @param kind null = of every kind */
export function TokenList({
  visit,
  wish,
  table,
  kind,
}: {
  visit: Visit;
  wish: TableWish;
  table: OwnTokenTable;
  kind: TokenKind | null;
}): VNode {
  const { rows, counts, kinds } = table;
  const { words, hasNext } = footOf(wish, counts, rows.length);
  const limited = kind === null || kind === 'fine-grained';
  return (
    <>
      <TokenTools visit={visit} wish={wish} counts={counts} />
      {rows.length === 0 ? (
        <NothingFound visit={visit} wish={wish} />
      ) : (
        <ListTable
          label="Tokens"
          heads={
            <>
              <TokenHeads visit={visit} wish={wish} />
              <th scope="col">
                <span class="sr-only">Act</span>
              </th>
            </>
          }
          foot={
            <ListFoot
              visit={visit}
              page={wish.page}
              words={limited ? `${words}, ${limitWords(kinds)}` : words}
              hasNext={hasNext}
            />
          }
        >
          {rows.map((token) => (
            <Row visit={visit} token={token} mixed={kind === null} />
          ))}
        </ListTable>
      )}
    </>
  );
}

/** True when the person has no token of the kind at all, whatever was asked for. */
export function isBlank({ text, tab }: TableWish, { counts }: OwnTokenTable): boolean {
  return text === '' && counts.all === 0 && tab !== 'ended';
}

function listPage(kind: 'fine-grained' | 'classic' | null, title: string, lead: VNode, blank: string): WebPage {
  return {
    path: kind === null ? ALL_PATH : LIST_PATHS[kind],
    access: 'sudo',
    get: async (visit) => {
      const wish = tableWish(visit);
      const table = await ownTokenTable(visit.ctx, await visit.ownPermit(), kind, wish);
      return page(
        title,
        <WithMenu visit={visit} menu={DEVELOPER_MENU}>
          <Subhead title={title} level={1}>
            <GenerateMenu kind={kind ?? 'fine-grained'} />
          </Subhead>
          <p class="color-fg-muted">{lead}</p>
          <KindTabs kinds={table.kinds} current={kind} />
          {isBlank(wish, table) ? (
            <Blankslate heading="No tokens yet" icon="key">
              {blank}
            </Blankslate>
          ) : (
            <TokenList visit={visit} wish={wish} table={table} kind={kind} />
          )}
        </WithMenu>,
      );
    },
  };
}

export const tokenListPages: readonly WebPage[] = [
  listPage(
    null,
    'Tokens',
    <>
      Everything that works in place of your password. <a href="/settings/token-health">Token health</a>
    </>,
    'Make one for each place that needs it: then losing one costs only that place.',
  ),
  listPage(
    'fine-grained',
    'Fine-grained personal access tokens',
    <>
      These tokens can do exactly what you choose. Use one in place of your password with Git over HTTPS, or with the
      REST API. <a href="/settings/token-health">Token health</a>
    </>,
    'A fine-grained token reaches the repositories and the permissions that you choose, and nothing else.',
  ),
  listPage(
    'classic',
    'Personal access tokens (classic)',
    <>
      These tokens can reach everything you can, within their scopes.{' '}
      <a href={`${FINE_GRAINED_PATH}/new`}>Fine-grained tokens</a> can do less, and are the better choice.{' '}
      <a href="/settings/token-health">Token health</a>
    </>,
    'Use a classic token only where a tool asks for scopes.',
  ),
  { path: '/settings/developers', access: 'signed-in', get: () => redirect(FINE_GRAINED_PATH) },
];
