/** Requests of tokens that wait for an organization's owners: reviewed, approved or denied, one or many. */
import type { VNode } from 'preact';
import { MAX_REASON_LENGTH, reviewRequests } from '../../../actions/organizations/approvals.ts';
import { type RequestRow, ROWS_ON_A_PAGE, requestRows } from '../../../actions/organizations/rows.ts';
import { problem } from '../../../base/errors.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, NextPage, Subhead, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { Ends } from '../tokens/lists.tsx';
import { nextPagePath, numberIn, OrganizationArea, organizationPath, organizationPermit, tickedIds } from './area.tsx';
import { filterInputOf, PermissionList, TokenFilter } from './filter.tsx';

async function get(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const permit = await organizationPermit(visit, { organization_personal_access_token_requests: 'read' }, false);
  const rows = await requestRows(
    visit.ctx,
    permit,
    organization,
    filterInputOf(visit),
    numberIn(visit.query, 'before'),
  );
  const f = visit.fields('review');
  return page(
    `Pending requests of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Pending requests" level={1} />
      <p class="color-fg-muted">
        Fine-grained tokens that ask to reach {organization}. Until you approve one, it reads public resources only.
        Whoever asked hears of your decision by mail.
      </p>
      <TokenFilter visit={visit} />
      {rows.length === 0 ? (
        <Blankslate heading="Nothing waits for you">
          New requests are listed here, and told to the owners by mail once a day.
        </Blankslate>
      ) : (
        <Form f={f} submit={null}>
          <div class="Box mb-3">
            <ul>
              {rows.map((row) => (
                <Row row={row} at={visit.ctx.clock.now()} checked={f.values('ids').includes(String(row.id))} />
              ))}
            </ul>
          </div>
          <TextField
            f={f}
            name="reason"
            label="Reason"
            maxLength={MAX_REASON_LENGTH}
            note="Optional. Whoever asked reads it."
          />
          <button type="submit" name="action" value="approve" class="btn btn-primary">
            Approve
          </button>{' '}
          <button type="submit" name="action" value="deny" class="btn btn-danger">
            Deny
          </button>
        </Form>
      )}
      <NextPage href={nextPagePath(visit, 'before', rows.length < ROWS_ON_A_PAGE ? undefined : rows.at(-1)?.id)} />
    </OrganizationArea>,
  );
}

function Row({ row, at, checked }: { row: RequestRow; at: number; checked: boolean }): VNode {
  const id = `request-${row.id}`;
  return (
    <li class="Box-row lk-pick">
      <input
        type="checkbox"
        id={id}
        name="ids"
        value={String(row.id)}
        checked={checked}
        aria-describedby={`${id}-facts`}
      />
      <div class="lk-token-what">
        <label for={id}>
          <bdi class="text-bold">{row.token.name}</bdi> of {row.owner.login}
        </label>
        <div id={`${id}-facts`}>
          <p class="mb-1">Asks to {row.words}.</p>
          {row.reason === null ? (
            <p class="color-fg-muted mb-1">No justification was given.</p>
          ) : (
            <blockquote class="mb-1" dir="auto">
              {row.reason}
            </blockquote>
          )}
          <p class="color-fg-muted f6 mb-0">
            asked <Time at={row.askedAt} /> · <Ends expiresAt={row.token.expiresAt} at={at} />
          </p>
        </div>
        <PermissionList permissions={row.permissions} repositoryNames={row.repositoryNames} />
      </div>
    </li>
  );
}

async function review(visit: Visit): Promise<Answer> {
  const requestIds = tickedIds(visit);
  if (requestIds.length === 0) throw problem('missing', 'Tick at least one request.');
  const action = visit.field('action') === 'approve' ? 'approve' : 'deny';
  const permit = await organizationPermit(visit, { organization_personal_access_token_requests: 'write' });
  await reviewRequests(visit.ctx, permit, {
    organization: visit.param('org'),
    requestIds,
    action,
    reason: visit.field('reason') || null,
  });
  const what = requestIds.length === 1 ? 'The request is' : `${requestIds.length} requests are`;
  return redirect(organizationPath(visit.param('org'), 'personal-access-token-requests'), {
    tone: 'success',
    text: `${what} ${action === 'approve' ? 'approved' : 'denied'}.`,
  });
}

export const organizationRequestPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/personal-access-token-requests',
    access: 'sudo',
    get,
    forms: { review: { once: true, run: review } },
  },
  {
    path: '/organizations/:org/settings/',
    access: 'signed-in',
    get: (visit) => redirect(organizationPath(visit.param('org'), 'personal-access-token-requests')),
  },
];
