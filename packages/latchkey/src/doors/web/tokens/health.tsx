/**
 * Token health: which of a person's tokens never expire, are unused, can do more than needed, or expire soon; and a
 * calendar of their expirations.
 */

import type { VNode } from 'preact';
import {
  type CheckedToken,
  checkHealth,
  expiryCalendar,
  type Finding,
  MAX_CHECKED,
} from '../../../actions/tokens/health.ts';
import { DEVELOPER_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import { file, page, type WebPage } from '../frame/web-page.ts';
import { Blankslate, CopyBox, Label, Subhead } from '../parts/components.tsx';
import { Right } from '../parts/spoken.tsx';
import { FINE_GRAINED_PATH, KIND_WORDS, pathOfToken } from './kinds.ts';
import { Ends, LastUse } from './lists.tsx';

const PATH = '/settings/token-health';
/** The same calendar for programs, which have no session: the GitHub door serves it. */
const FEED = '/api/v3/user/personal-access-tokens/calendar.ics';
const NEW_FEED_TOKEN = `${FINE_GRAINED_PATH}/new?name=calendar&personal_access_tokens=read`;
/** The most tokens shown for each finding: the newest. */
const SHOWN_OF_EACH = 20;

const FINDINGS: readonly {
  readonly finding: Finding;
  readonly title: string;
  readonly advice: string;
  readonly act: string;
  readonly below: string;
}[] = [
  {
    finding: 'ended',
    title: 'Ended',
    advice: 'Whatever uses one of these is refused. Renew it, or delete it.',
    act: 'Renew',
    below: '/renew',
  },
  {
    finding: 'ending-soon',
    title: 'Ending soon',
    advice: 'Rotate it. The old secret keeps working until the new one is used.',
    act: 'Rotate',
    below: '/renew',
  },
  {
    finding: 'never-ends',
    title: 'Never ends',
    advice: 'This token never expires. If it leaks, it works until someone notices.',
    act: 'Set an expiry date',
    below: '/renew',
  },
  {
    finding: 'idle',
    title: 'Idle',
    advice: 'Not used for 90 days. Delete it if nobody needs it.',
    act: 'Delete',
    below: '/delete',
  },
  {
    finding: 'over-powered',
    title: 'More access than it uses',
    advice: 'It can reach almost everything you can. A fine-grained or narrower token would do.',
    act: 'Review',
    below: '',
  },
];

function Part({
  title,
  advice,
  act,
  below,
  tokens,
  at,
}: (typeof FINDINGS)[number] & { tokens: readonly CheckedToken[]; at: number }): VNode | null {
  if (tokens.length === 0) return null;
  return (
    <section class="mb-4">
      <h2 class="f3 mb-1">
        {title} <span class="Counter">{tokens.length}</span>
      </h2>
      <p class="color-fg-muted mb-2">{advice}</p>
      <div class="Box">
        <ul>
          {tokens.slice(0, SHOWN_OF_EACH).map((token) => (
            <li class="Box-row lk-token-row">
              <div class="lk-token-what">
                <p class="mb-1">
                  <a class="text-bold" href={pathOfToken(token)}>
                    {token.name}
                  </a>{' '}
                  <Label>{KIND_WORDS[token.kind]}</Label>
                </p>
                <p class="mb-1">
                  <Right token={token} reader="owner" />
                </p>
                <p class="color-fg-muted f6 mb-0">
                  <Ends token={token} at={at} /> · <LastUse token={token} />
                </p>
              </div>
              <a class="btn btn-sm" href={`${pathOfToken(token)}${below}`} aria-label={`${act}: ${token.name}`}>
                {act}
              </a>
            </li>
          ))}
        </ul>
      </div>
      {tokens.length > SHOWN_OF_EACH ? <p class="note mt-1">And {tokens.length - SHOWN_OF_EACH} more.</p> : null}
    </section>
  );
}

export const tokenHealthPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'sudo',
    get: async (visit) => {
      const tokens = await checkHealth(visit.ctx, await visit.ownPermit());
      const isWell = tokens.every(({ findings }) => findings.length === 0);
      return page(
        'Token health',
        <WithMenu visit={visit} menu={DEVELOPER_MENU}>
          <Subhead title="Token health" level={1}>
            <a class="btn btn-sm" href={`${PATH}.ics`} download>
              Expiry calendar
            </a>
          </Subhead>
          <details class="mb-4">
            <summary>Subscribe to expiry dates</summary>
            <p class="mt-2 mb-2">
              In your calendar program, enter this address, your username, and as the password a fine-grained token of
              yours that can read personal access tokens.
            </p>
            <CopyBox
              id="calendar-address"
              value={`${visit.ctx.settings.publicUrl}${FEED}`}
              label="Address of the calendar"
            />
            <p class="note mt-2">
              <a href={NEW_FEED_TOKEN}>Create that token</a>: it can do little else.
            </p>
          </details>
          {isWell ? (
            <Blankslate heading="All is well">
              {tokens.length === 0
                ? 'You have no tokens.'
                : `Each of your ${tokens.length} tokens expires, is in use, and has no more access than it needs.`}
            </Blankslate>
          ) : null}
          {tokens.length < MAX_CHECKED ? null : (
            <p class="color-fg-muted">This is about your {MAX_CHECKED} newest tokens; you have more.</p>
          )}
          {FINDINGS.map((each) => (
            <Part
              {...each}
              tokens={tokens.filter(({ findings }) => findings.includes(each.finding))}
              at={visit.ctx.clock.now()}
            />
          ))}
        </WithMenu>,
      );
    },
  },
  {
    path: `${PATH}.ics`,
    access: 'sudo',
    get: async (visit) =>
      file(
        'text/calendar; charset=utf-8',
        await expiryCalendar(visit.ctx, await visit.ownPermit()),
        'latchkey-tokens.ics',
      ),
  },
];
