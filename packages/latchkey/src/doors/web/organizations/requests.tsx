/** Requests of tokens that wait for an organization's owners: reviewed, approved or denied, one or many. */
import type { ComponentChildren, VNode } from 'preact';
import { MAX_REASON_LENGTH } from '../../../actions/ground/reason.ts';
import { reviewRequests, revokeAccess } from '../../../actions/organizations/approvals.ts';
import {
  REQUEST_TABS,
  type ReachTable,
  type ReachWish,
  type RequestRow,
  type RequestTab,
  requestTable,
} from '../../../actions/organizations/lists.ts';
import { problem } from '../../../base/errors.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Avatar, Blankslate, Subhead, Time } from '../parts/components.tsx';
import type { Fields } from '../parts/fields.ts';
import { Form, Hidden } from '../parts/form.tsx';
import { RightWords } from '../parts/spoken.tsx';
import { ListTable, listPath, Sparkline } from '../parts/table-tools.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { RestrictionFacts } from '../tokens/form/restrictions.tsx';
import { Ends } from '../tokens/lists.tsx';
import { idsIn, OrganizationArea, organizationPath, organizationPermit, tickedIds } from './area.tsx';
import { isNarrowed, PermissionList, ReachFoot, ReachHeads, ReachTools, reachWish } from './filter.tsx';

/** The form for all that are ticked, whose rows stand outside of it. */
const BULK = 'review-selected';

const TAB_LABELS: Readonly<Record<RequestTab, string>> = { all: 'All', first: 'First access', more: 'More access' };

async function get(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const wish = reachWish(visit, REQUEST_TABS);
  const permit = await organizationPermit(visit, { organization_personal_access_token_requests: 'read' }, false);
  const table = await requestTable(visit.ctx, permit, organization, wish);
  const tabs = REQUEST_TABS.map((name) => ({ name, label: TAB_LABELS[name] }));
  return page(
    `Pending requests of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Pending requests" level={1} />
      <p class="color-fg-muted">
        Fine-grained tokens that ask to reach {organization}. Until you approve one, it reads public resources only.
        Whoever asked gets your decision by mail.
      </p>
      {table.count === 0 && !isNarrowed(wish) ? null : (
        <ReachTools visit={visit} wish={wish} tabs={tabs} table={table} />
      )}
      {table.rows.length === 0 ? <Nothing visit={visit} wish={wish} /> : <Inbox {...{ visit, wish, table }} />}
    </OrganizationArea>,
  );
}

function Nothing({ visit, wish }: { visit: Visit; wish: ReachWish<RequestTab> }): VNode {
  if (isNarrowed(wish))
    return (
      <Blankslate heading={wish.text === '' ? 'No request matches' : `No request matches “${wish.text}”`}>
        <a href={visit.path}>Show all requests</a>
      </Blankslate>
    );
  return (
    <Blankslate heading="Nothing waits for you">
      New requests are listed here, and told to the owners by mail once a day.
    </Blankslate>
  );
}

function Inbox(shown: { visit: Visit; wish: ReachWish<RequestTab>; table: ReachTable<RequestRow> }): VNode {
  const { visit, wish, table } = shown;
  const { rows } = table;
  const f = visit.fields('review');
  return (
    <>
      <div data-inbox>
        <p class="mb-2 lk-needs-script">
          <label>
            <input type="checkbox" data-selects="ids" /> Select all
          </label>
        </p>
        <ListTable
          label="Requests"
          heads={<ReachHeads visit={visit} wish={wish} table={table} since={['created', 'Asked']} />}
          foot={<ReachFoot visit={visit} wish={wish} table={table} noun="request" />}
        >
          {rows.map((row) => (
            <Row f={f} visit={visit} row={row} />
          ))}
        </ListTable>
      </div>
      <Form f={f} submit={null} id={BULK}>
        <h2 class="f4 mb-2">
          Decide the <span data-selected />
          selected requests
        </h2>
        <TextField
          f={f}
          name="reason"
          label="Reason"
          maxLength={MAX_REASON_LENGTH}
          note="Optional. Whoever asked sees it."
        />
        <button type="submit" name="action" value="approve" class="btn">
          Approve selected
        </button>{' '}
        <button type="submit" name="action" value="deny" class="btn btn-danger">
          Deny selected
        </button>
      </Form>
      <p class="note mt-3 lk-needs-script">
        Keys: <kbd>j</kbd> <kbd>k</kbd> move, <kbd>x</kbd> select, <kbd>a</kbd> approve, <kbd>d</kbd> deny.
      </p>
    </>
  );
}

function Row({ f, visit, row }: { f: Fields; visit: Visit; row: RequestRow }): VNode {
  const id = `request-${row.id}`;
  return (
    <tr data-item>
      <td>
        <input
          type="checkbox"
          id={id}
          name="ids"
          value={String(row.id)}
          form={BULK}
          checked={f.values('ids').includes(String(row.id))}
          aria-labelledby={`${id}-owner ${id}-name`}
          aria-describedby={`${id}-facts`}
        />
      </td>
      <td>
        <div class="lk-person">
          <Avatar login={row.owner.login} />
          <a id={`${id}-owner`} href={listPath(visit, { owner: row.owner.login })}>
            <bdi>{row.owner.login}</bdi>
          </a>
        </div>
      </td>
      <td class="lk-token-what">
        <label for={id} id={`${id}-name`}>
          “<bdi class="text-bold">{row.token.name}</bdi>”
        </label>
        <div id={`${id}-facts`}>
          <p class="mb-1">{row.asks}</p>
          {row.has === null ? null : (
            <p class="mb-1">
              <span class="color-fg-muted">Has already:</span> <RightWords words={row.has} />
            </p>
          )}
          <p class="mb-1 f6">{row.approved}</p>
          {row.reason === null ? (
            <p class="color-fg-muted mb-1 f6">No justification was given.</p>
          ) : (
            <blockquote class="mb-1" dir="auto">
              {row.reason}
            </blockquote>
          )}
        </div>
        <RestrictionFacts token={row.token} />
        <PermissionList visit={visit} permissions={row.permissions} repositoryNames={row.repositoryNames} />
        <div class="d-flex flex-items-center mt-2">
          <OneForm f={f} row={row} action="approve">
            <button type="submit" class="btn btn-primary btn-sm" data-key="a">
              Approve
              <Of row={row} />
            </button>
          </OneForm>
          <details>
            <summary class="btn btn-sm" data-key="d">
              Deny…
              <Of row={row} />
            </summary>
            <OneForm f={f} row={row} action="deny">
              <label for={`${id}-reason`}>Reason, which {row.owner.login} reads</label>
              <input id={`${id}-reason`} name="reason" class="form-control input-sm" maxLength={MAX_REASON_LENGTH} />
              <button type="submit" class="btn btn-danger btn-sm">
                Deny
                <Of row={row} />
              </button>
            </OneForm>
          </details>
        </div>
      </td>
      <td>
        <Sparkline daily={row.daily} />
      </td>
      <td data-label="Asked">
        <Time at={row.askedAt} />
      </td>
      <td data-label="Ends">
        <Ends token={row.token} at={visit.ctx.clock.now()} short />
      </td>
    </tr>
  );
}

/** What a button is about, for people who can't see where it stands. */
function Of({ row }: { row: RequestRow }): VNode {
  return <span class="sr-only"> “{row.token.name}”</span>;
}

/** A form for one request and one decision: the Enter key in it can mean nothing else. */
function OneForm({
  f,
  row,
  action,
  children,
}: {
  f: Fields;
  row: RequestRow;
  action: 'approve' | 'deny';
  children: ComponentChildren;
}): VNode {
  return (
    <form method="post" class="lk-inline-form">
      <Hidden name="form" value={f.id} />
      <Hidden name="token" value={f.token} />
      <Hidden name="nonce" value={f.nonce} />
      <Hidden name="ids" value={String(row.id)} />
      <Hidden name="action" value={action} />
      {children}
    </form>
  );
}

async function review(visit: Visit): Promise<Answer> {
  const requestIds = tickedIds(visit);
  if (requestIds.length === 0) throw problem('missing', 'Select a request first.');
  const action = visit.field('action');
  if (action !== 'approve' && action !== 'deny') throw problem('missing', 'Choose Approve or Deny.');
  const permit = await organizationPermit(visit, { organization_personal_access_token_requests: 'write' });
  const opened = await reviewRequests(visit.ctx, permit, {
    organization: visit.param('org'),
    requestIds,
    action,
    reason: visit.field('reason') || null,
  });
  const what = requestIds.length === 1 ? 'The request is' : `${requestIds.length} requests are`;
  return redirect(organizationPath(visit.param('org'), 'personal-access-token-requests'), {
    tone: 'success',
    text: `${what} ${action === 'approve' ? 'approved' : 'denied'}.`,
    // What was in force before is not undone: only a token that reaches the organization since now can be revoked.
    ...(opened.length === 0 || opened.length < requestIds.length
      ? {}
      : { undo: { form: 'undo', fields: { grants: opened.join(' ') } } }),
  });
}

/** Undoes an approval: what it opened is revoked. */
async function undo(visit: Visit): Promise<Answer> {
  const ids = idsIn(visit.field('grants'));
  if (ids.length === 0) throw problem('missing', 'There is nothing to undo.');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'write' });
  await revokeAccess(visit.ctx, permit, visit.param('org'), ids);
  return redirect(organizationPath(visit.param('org'), 'personal-access-token-requests'), {
    tone: 'success',
    text: ids.length === 1 ? 'Undone: the token is revoked here.' : `Undone: ${ids.length} tokens are revoked here.`,
  });
}

export const organizationRequestPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/personal-access-token-requests',
    access: 'sudo',
    get,
    forms: { review: { once: true, run: review }, undo: { once: true, run: undo } },
  },
  {
    path: '/organizations/:org/settings/',
    access: 'signed-in',
    get: (visit) => redirect(organizationPath(visit.param('org'), 'personal-access-token-requests')),
  },
];
