/** The lists of a person's tokens: what each reaches, when it was used, when it expires, its state. */

import type { VNode } from 'preact';
import { ownTokenRows, TOKENS_ON_A_PAGE, type TokenRow } from '../../../actions/tokens/own-tokens.ts';
import type { TokenState, TokenView } from '../../../actions/tokens/views.ts';
import { DAY_SEC, type UnixSeconds } from '../../../base/time.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { rightSentence, worksToday } from '../../../rules/right/right-sentence.ts';
import { endsSoon } from '../../../rules/token-health.ts';
import { WithMenu } from '../frame/layout.tsx';
import { DEVELOPER_MENU } from '../frame/menus.ts';
import type { Visit } from '../frame/visit.ts';
import { page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, Label, NextPage, Subhead, Time } from '../parts/components.tsx';
import { spokenDate } from './form/expiration-field.tsx';
import { GenerateMenu } from './generate-menu.tsx';
import { FINE_GRAINED_PATH, LIST_PATHS, pathOfToken } from './kinds.ts';

const STATES: Readonly<
  Record<TokenState, { tone: 'secondary' | 'success' | 'attention' | 'danger' | 'accent'; words: string }>
> = {
  active: { tone: 'success', words: 'Active' },
  pending: { tone: 'attention', words: 'Pending approval' },
  blocked: { tone: 'danger', words: 'Blocked by policy' },
  expired: { tone: 'secondary', words: 'Expired' },
  revoked: { tone: 'danger', words: 'Revoked' },
  replaced: { tone: 'secondary', words: 'Replaced' },
  used_up: { tone: 'secondary', words: 'Used up' },
  not_yet_valid: { tone: 'accent', words: 'Not yet valid' },
  denied: { tone: 'danger', words: 'Denied' },
  access_revoked: { tone: 'danger', words: 'Access revoked' },
  owner_suspended: { tone: 'danger', words: 'Owner suspended' },
  account_locked: { tone: 'danger', words: 'Frozen' },
};

/** The state of a token. One that lives, but of which nothing works, is never called active. */
export function StateLabel({ token }: { token: TokenView }): VNode {
  if (token.state === 'active' && !worksToday(token)) return <Label tone="danger">Nothing works</Label>;
  return <Label tone={STATES[token.state].tone}>{STATES[token.state].words}</Label>;
}

/** When a token ends, in colours and words that change as it gets near. */
export function Ends({ token, at }: { token: Pick<TokenView, 'issuedAt' | 'expiresAt'>; at: UnixSeconds }): VNode {
  const { expiresAt } = token;
  if (expiresAt === null) return <span class="color-fg-attention">never ends</span>;
  const left = expiresAt - at;
  if (left <= 0) return <span class="color-fg-danger">ended on {spokenDate(expiresAt)}</span>;
  if (!endsSoon(token, at)) return <span class="color-fg-muted">ends on {spokenDate(expiresAt)}</span>;
  const days = Math.floor(left / DAY_SEC);
  if (days < 1) return <span class="color-fg-danger text-bold">ends within a day</span>;
  return (
    <span class="color-fg-danger">
      ends in {days} {days === 1 ? 'day' : 'days'}, on {spokenDate(expiresAt)}
    </span>
  );
}

export function LastUse({ token }: { token: Pick<TokenRow, 'lastUse'> }): VNode {
  const { lastUse } = token;
  if (lastUse === null) return <>never used</>;
  return (
    <>
      last used <Time at={lastUse.usedAt} /> from <span class="lk-mono">{lastUse.address}</span>
      {lastUse.purpose === '' ? null : <> to {lastUse.purpose}</>}
    </>
  );
}

function Row({ visit, token }: { visit: Visit; token: TokenRow }): VNode {
  return (
    <li class="Box-row lk-token-row">
      <div class="lk-token-what">
        <p class="mb-1">
          <a class="text-bold f4" dir="auto" href={pathOfToken(token)}>
            {token.name}
          </a>{' '}
          <StateLabel token={token} />
          {token.refusedLately === 0 ? null : (
            <>
              {' '}
              <Label tone="danger">refused {token.refusedLately}× this week</Label>
            </>
          )}
        </p>
        <p class="mb-1">{rightSentence(token, 'owner')}</p>
        <p class="color-fg-muted f6 mb-0">
          <Ends token={token} at={visit.ctx.clock.now()} /> · <LastUse token={token} />
        </p>
      </div>
      <a class="btn btn-danger btn-sm" href={`${pathOfToken(token)}/delete`} aria-label={`Delete ${token.name}`}>
        Delete
      </a>
    </li>
  );
}

/** The rows of a list. */
export function TokenList({
  visit,
  tokens,
  kind,
}: {
  visit: Visit;
  tokens: readonly TokenRow[];
  kind: TokenKind;
}): VNode {
  const last = tokens.length < TOKENS_ON_A_PAGE ? undefined : tokens.at(-1);
  const next = last === undefined ? null : `${LIST_PATHS[kind]}?before=${last.id}`;
  return (
    <>
      <div class="Box">
        <ul>
          {tokens.map((token) => (
            <Row visit={visit} token={token} />
          ))}
        </ul>
      </div>
      <NextPage href={next} />
    </>
  );
}

export async function tokensOf(visit: Visit, kind: TokenKind): Promise<TokenRow[]> {
  const before = Number(visit.query.get('before'));
  return ownTokenRows(
    visit.ctx,
    await visit.ownPermit(),
    kind,
    Number.isSafeInteger(before) && before > 0 ? before : null,
  );
}

function listPage(kind: 'fine-grained' | 'classic', title: string, lead: VNode, blank: string): WebPage {
  return {
    path: LIST_PATHS[kind],
    access: 'sudo',
    get: async (visit) => {
      const tokens = await tokensOf(visit, kind);
      return page(
        title,
        <WithMenu visit={visit} menu={DEVELOPER_MENU}>
          <Subhead title={title} level={1}>
            <GenerateMenu kind={kind} />
          </Subhead>
          <p class="color-fg-muted">{lead}</p>
          {tokens.length === 0 ? (
            <Blankslate heading="No tokens yet">{blank}</Blankslate>
          ) : (
            <TokenList visit={visit} tokens={tokens} kind={kind} />
          )}
        </WithMenu>,
      );
    },
  };
}

export const tokenListPages: readonly WebPage[] = [
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
