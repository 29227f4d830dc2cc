/**
 * A token's own page: what it can do, how it was used, what it was refused and how to fix that, and everything that
 * can be done with it.
 */

import type { VNode } from 'preact';
import { refusalsOf } from '../../../actions/decision/token-refusals.ts';
import { readLog } from '../../../actions/organizations/audit-log.ts';
import { listDerived } from '../../../actions/tokens/derivation.ts';
import { type OwnToken, ownToken } from '../../../actions/tokens/own-tokens.ts';
import { ssoOrganizations } from '../../../actions/tokens/single-sign-on.ts';
import { readActivity } from '../../../actions/tokens/use/activity.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { DEVELOPER_MENU, PROFILE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { AuditTable } from '../parts/audit-entries.tsx';
import { Notice, Subhead } from '../parts/components.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { checkPath } from './check/question.ts';
import { Derived, endDerivedForm } from './derived.tsx';
import { Abilities, Facts } from './facts.tsx';
import { fix, fixOf } from './fix.tsx';
import { idParam, LIST_PATHS, pathOfToken } from './kinds.ts';
import { SingleSignOn, singleSignOnForms } from './single-sign-on.tsx';
import { Narrow, narrowForms, Undo } from './use/narrow.tsx';
import { Refused } from './use/refusals.tsx';
import { UsagePlot, UsageTable } from './use/usage-plot.tsx';
import { Denied, Waiting, waitingForms } from './waiting.tsx';

const LOG_ENTRIES = 20;

async function show(visit: Visit, kind: TokenKind): Promise<Answer> {
  const permit = await visit.ownPermit();
  const token = await ownToken(visit.ctx, permit, idParam(visit), kind);
  const [activity, derived, refusals, log] = await Promise.all([
    readActivity(visit.ctx, permit, token.id),
    listDerived(visit.ctx, permit, token.id),
    refusalsOf(visit.ctx, token.id),
    readLog(visit.ctx, permit, { of: 'user' }, { tokenId: token.id }, { beforeId: null, limit: LOG_ENTRIES }),
  ]);
  const isAlive = token.revokedAt === null;
  return page(
    token.name,
    <WithMenu visit={visit} menu={kind === 'scoped' ? PROFILE_MENU : DEVELOPER_MENU}>
      <Subhead title={token.name} level={1}>
        {isAlive ? <Buttons token={token} /> : undefined}
      </Subhead>
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      )}
      {isAlive ? await fixOf(visit, token) : null}
      {isAlive ? <Waiting visit={visit} token={token} /> : null}
      {isAlive ? await Undo({ visit, token }) : null}
      {isAlive ? <Denied token={token} /> : null}
      <Facts visit={visit} token={token} />
      <Abilities token={token} />
      {isAlive ? (
        <SingleSignOn visit={visit} token={token} organizations={await ssoOrganizations(visit.ctx, permit, token.id)} />
      ) : null}
      {isAlive ? <Derived visit={visit} derived={derived} /> : null}
      <UsagePlot visit={visit} activity={activity} refusals={refusals} />
      <div class="lk-two-columns mt-3">
        <UsageTable
          title="Permission"
          rows={activity.byPermission.map(({ permission, level, times }) => ({
            name: `${permission}: ${level}`,
            times,
          }))}
        />
        <UsageTable title="Repository" rows={activity.byRepository} />
      </div>
      {isAlive ? <Narrow visit={visit} token={token} activity={activity} /> : null}
      <Refused visit={visit} token={token} refusals={refusals} />
      <h2 class="f3 mt-4 mb-2">Log</h2>
      {log.length === 0 ? (
        <p class="color-fg-muted">Nothing logged yet.</p>
      ) : (
        <AuditTable entries={log} label={`Log of ${token.name}`} />
      )}
    </WithMenu>,
  );
}

function Buttons({ token }: { token: OwnToken }): VNode {
  const path = pathOfToken(token);
  return (
    <>
      <a class="btn btn-sm" href={checkPath(token.id)}>
        May it do this?
      </a>{' '}
      <a class="btn btn-sm" href={`${path}/edit`}>
        Edit
      </a>{' '}
      <a class="btn btn-sm" href={`${path}/renew`}>
        Regenerate or rotate
      </a>{' '}
      <a class="btn btn-sm btn-danger" href={`${path}/delete`}>
        Delete
      </a>
    </>
  );
}

export const tokenPages: readonly WebPage[] = (['fine-grained', 'classic', 'scoped'] as const).map(
  (kind): WebPage => ({
    path: `${LIST_PATHS[kind]}/:id`,
    access: 'sudo',
    get: (visit) => show(visit, kind),
    forms: {
      ...singleSignOnForms,
      fix: {
        run: async (visit) => fix(visit, await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), kind)),
      },
      ...waitingForms,
      'end-derived': endDerivedForm,
      ...narrowForms(kind),
    },
  }),
);
