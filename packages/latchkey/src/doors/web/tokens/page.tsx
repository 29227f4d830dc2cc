/**
 * A token's own page: what it can do, how it was used, what it was refused and how to mend that, and everything that
 * can be done with it.
 */

import type { VNode } from 'preact';
import { refusalsOf, type TokenRefusal } from '../../../actions/decision/refusals.ts';
import { readLog } from '../../../actions/organizations/audit-log.ts';
import { type Activity, narrowed, readActivity } from '../../../actions/tokens/activity.ts';
import { editToken } from '../../../actions/tokens/edits.ts';
import { type OwnToken, ownToken } from '../../../actions/tokens/own-tokens.ts';
import {
  authorizeToken,
  deauthorizeToken,
  type SsoOrganization,
  ssoOrganizations,
} from '../../../actions/tokens/single-sign-on.ts';
import { problem } from '../../../base/errors.ts';
import { type Level, permissionNamed } from '../../../catalogue/permissions.ts';
import type { TokenKind } from '../../../rules/model.ts';
import { rightSentence } from '../../../rules/right-sentence.ts';
import { WithMenu } from '../frame/layout.tsx';
import { DEVELOPER_MENU, PROFILE_MENU } from '../frame/menus.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { AuditTable } from '../parts/audit-entries.tsx';
import { Label, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { fix, fixOf } from './fix.tsx';
import { levelWords } from './form/permission-picker.tsx';
import { RestrictionFacts } from './form/restrictions.tsx';
import { idParam, KIND_WORDS, LIST_PATHS, pathOfToken } from './kinds.ts';
import { Ends, exampleRepository, LastUse, Obstacles, StateLabel } from './lists.tsx';
import { NewSecret } from './new-secret.tsx';
import { UsagePlot, UsageTable } from './usage-plot.tsx';

const LOG_ENTRIES = 20;

async function show(visit: Visit, kind: TokenKind): Promise<Answer> {
  const permit = await visit.ownPermit();
  const token = await ownToken(visit.ctx, permit, idParam(visit), kind);
  const [activity, refusals, log] = await Promise.all([
    readActivity(visit.ctx, permit, token.id),
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
          {visit.problem.message}
        </Notice>
      )}
      <NewSecret visit={visit} repository={exampleRepository([token])} />
      {isAlive ? await fixOf(visit, token) : null}
      <Facts visit={visit} token={token} />
      <Abilities token={token} />
      {isAlive && kind !== 'fine-grained' ? (
        <SingleSignOn visit={visit} token={token} organizations={await ssoOrganizations(visit.ctx, permit, token.id)} />
      ) : null}
      <h2 class="f3 mt-4 mb-2">Use</h2>
      <UsagePlot activity={activity} />
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
        <p class="color-fg-muted">Nothing is logged.</p>
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

function Facts({ visit, token }: { visit: Visit; token: OwnToken }): VNode {
  return (
    <>
      <p class="f4 mb-2">
        <StateLabel state={token.state} /> {rightSentence(token, 'owner')}
      </p>
      <Obstacles token={token} />
      {token.revokedAt === null ? null : (
        <p class="color-fg-danger mb-2">
          Ended <Time at={token.revokedAt} /> by {token.revokedBy ?? 'nobody in particular'}.
        </p>
      )}
      {token.description === '' ? null : (
        <p class="lk-break lk-lines mb-2" dir="auto">
          {token.description}
        </p>
      )}
      <p class="color-fg-muted">
        {KIND_WORDS[token.kind]} · secret …{token.lastEight} · made <Time at={token.createdAt} /> ·{' '}
        <Ends expiresAt={token.expiresAt} at={visit.ctx.clock.now()} /> · <LastUse token={token} />
      </p>
      {token.lastUse === null || token.lastUse.addresses.length < 2 ? null : (
        <p class="color-fg-muted f6">Seen lately from {token.lastUse.addresses.join(', ')}.</p>
      )}
      <RestrictionFacts token={token} />
    </>
  );
}

function Abilities({ token }: { token: OwnToken }): VNode | null {
  if (token.kind !== 'fine-grained')
    return token.scopes.length === 0 ? null : (
      <p>
        Scopes:{' '}
        {token.scopes.map((scope) => (
          <>
            <code>{scope}</code>{' '}
          </>
        ))}
      </p>
    );
  if (token.grants.length === 0) return null;
  return (
    <div class="lk-scroll" role="region" aria-label="What it can do" tabIndex={0}>
      <table class="lk-table">
        <thead>
          <tr>
            <th scope="col">Resource owner</th>
            <th scope="col">Repositories</th>
            <th scope="col">Permissions</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {token.grants.map((grant) => (
            <tr>
              <td>{grant.owner}</td>
              <td>
                {grant.selection === 'selected'
                  ? grant.repositoryNames.join(', ')
                  : grant.selection === 'all'
                    ? 'all, current and future'
                    : 'public ones'}
              </td>
              <td>
                {Object.entries(grant.permissions).map(([name, level]) => {
                  const permission = permissionNamed(name);
                  return (
                    <div>
                      {permission?.title ?? name}:{' '}
                      {permission === undefined ? level : levelWords(permission, level as Level)}
                    </div>
                  );
                })}
              </td>
              <td>{grant.access}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="mt-2">
        <a href={`${pathOfToken(token)}/endpoints`}>Which endpoints of the REST API that opens</a>
      </p>
    </div>
  );
}

/** Organizations that demand it, each with whether this token is authorized there ("Configure SSO"). */
function SingleSignOn({
  visit,
  token,
  organizations,
}: {
  visit: Visit;
  token: OwnToken;
  organizations: readonly SsoOrganization[];
}): VNode | null {
  if (organizations.length === 0) return null;
  return (
    <section class="mb-3">
      <h2 class="f3 mt-4 mb-2">Configure SSO</h2>
      <p class="color-fg-muted">
        These organizations take a classic or scoped token only after you authorized it. Editing its scopes, or a new
        secret, ends that.
      </p>
      <div class="Box">
        <ul>
          {organizations.map(({ login, authorized }) => (
            <li class="Box-row d-flex flex-items-center flex-justify-between">
              <span>
                {login}{' '}
                <Label tone={authorized ? 'success' : 'attention'}>
                  {authorized ? 'authorized' : 'not authorized'}
                </Label>
              </span>
              <Form f={visit.fields(authorized ? 'deauthorize' : 'authorize')} submit={null} inline>
                <Hidden name="organization" value={login} />
                <button
                  type="submit"
                  class="btn btn-sm"
                  aria-label={`${authorized ? 'Deauthorize' : 'Authorize'} ${token.name} for ${login}`}
                >
                  {authorized ? 'Deauthorize' : 'Authorize'}
                </button>
              </Form>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function Narrow({ visit, token, activity }: { visit: Visit; token: OwnToken; activity: Activity }): VNode | null {
  const narrower = narrowed(token, activity);
  if (narrower === null) return null;
  return (
    <section class="Box p-3 mt-3" aria-labelledby="narrow-title">
      <h3 class="f4" id="narrow-title">
        It has more than it uses
      </h3>
      <p class="mb-2">Unused in the last {activity.perDay.length} days:</p>
      <ul class="pl-3 mb-2 lk-bullets">
        {narrower.dropped.map((each) => (
          <li>{each}</li>
        ))}
      </ul>
      <Form f={visit.fields('narrow')} submit="Narrow to what was used" tone="default" />
    </section>
  );
}

function Refused({
  visit,
  token,
  refusals,
}: {
  visit: Visit;
  token: OwnToken;
  refusals: readonly TokenRefusal[];
}): VNode {
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Refusals</h2>
      {refusals.length === 0 ? (
        <p class="color-fg-muted">Nothing was refused in the last 90 days.</p>
      ) : (
        <div class="Box">
          <ul>
            {refusals.map((refusal) => (
              <li class="Box-row">
                <p class="mb-1">
                  <strong>
                    Refused {refusal.times} {refusal.times === 1 ? 'time' : 'times'}
                  </strong>
                  : {refusal.purpose}, last <Time at={refusal.lastAt} /> from{' '}
                  <span class="lk-mono">{refusal.lastAddress}</span>
                </p>
                <p class="mb-1">{refusal.words.sentence}</p>
                <p class="mb-0">
                  <Mend visit={visit} token={token} refusal={refusal} />
                </p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** The remedy as a link on this very site. */
function Mend({ visit, token, refusal }: { visit: Visit; token: OwnToken; refusal: TokenRefusal }): VNode {
  const { url, wayOut } = refusal.words;
  const { publicUrl } = visit.ctx.settings;
  if (url === null || !url.startsWith(`${publicUrl}/`)) return <span class="color-fg-muted">{wayOut}</span>;
  const path = url.slice(publicUrl.length);
  const isFix = path.startsWith(`${pathOfToken(token)}?`);
  return (
    <a class={isFix ? 'btn btn-sm' : ''} href={path}>
      {isFix ? 'Fix this' : wayOut.replace(/:$/, '')}
    </a>
  );
}

async function narrow(visit: Visit, kind: TokenKind): Promise<Answer> {
  const permit = await visit.ownPermit();
  const token = await ownToken(visit.ctx, permit, idParam(visit), kind);
  const narrower = narrowed(token, await readActivity(visit.ctx, permit, token.id));
  if (narrower === null) throw problem('conflict', 'There is nothing left to take away.');
  await editToken(visit.ctx, permit, token.id, { grants: narrower.grants });
  return redirect(pathOfToken(token), {
    tone: 'success',
    text: `Taken away: ${narrower.dropped.join('; ')}. The secret stays the same.`,
  });
}

export const tokenPages: readonly WebPage[] = (['fine-grained', 'classic', 'scoped'] as const).map(
  (kind): WebPage => ({
    path: `${LIST_PATHS[kind]}/:id`,
    access: 'sudo',
    get: (visit) => show(visit, kind),
    forms: {
      authorize: {
        run: async (visit) => {
          await authorizeToken(visit.ctx, await visit.ownPermit(), idParam(visit), visit.field('organization'));
          return redirect(visit.path, {
            tone: 'success',
            text: `The token is authorized for ${visit.field('organization')}.`,
          });
        },
      },
      deauthorize: {
        run: async (visit) => {
          await deauthorizeToken(visit.ctx, await visit.ownPermit(), idParam(visit), visit.field('organization'));
          return redirect(visit.path, {
            tone: 'success',
            text: `The token is authorized for ${visit.field('organization')} no more.`,
          });
        },
      },
      fix: {
        run: async (visit) => fix(visit, await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), kind)),
      },
      narrow: { run: (visit) => narrow(visit, kind) },
    },
  }),
);
