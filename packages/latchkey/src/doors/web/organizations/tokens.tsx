/**
 * Tokens that reach an organization: fine-grained ones, and classic and scoped ones. Owners can revoke the
 * access of either, one or many.
 */
import type { VNode } from 'preact';
import { revokeAccess } from '../../../actions/organizations/approvals.ts';
import { changeMemberTokens } from '../../../actions/organizations/member-tokens.ts';
import {
  type MemberTokenRow,
  memberTokenRows,
  type ReachingRow,
  ROWS_ON_A_PAGE,
  reachingRows,
} from '../../../actions/organizations/rows.ts';
import { problem } from '../../../base/errors.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, Label, NextPage, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { NameOf, PersonLine } from '../parts/person.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Ends, LastUse } from '../tokens/lists.tsx';
import { nextPagePath, numberIn, OrganizationArea, organizationPath, organizationPermit, tickedIds } from './area.tsx';
import { filterInputOf, PermissionList, TokenFilter } from './filter.tsx';
import { asksToRevokeGrants, asksToRevokeMembers } from './questions.tsx';

async function get(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'read' }, false);
  const [rows, others] = await Promise.all([
    reachingRows(visit.ctx, permit, organization, filterInputOf(visit), numberIn(visit.query, 'before')),
    memberTokenRows(visit.ctx, permit, organization, numberIn(visit.query, 'others_before')),
  ]);
  const at = visit.ctx.clock.now();
  return page(
    `Active tokens of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Active tokens" level={1} />
      <p class="color-fg-muted">
        Fine-grained tokens that reach {organization} now. Revoking takes this organization away from the token on the
        next request; its owner is told by mail.
      </p>
      <TokenFilter visit={visit} />
      {rows.length === 0 ? (
        <Blankslate heading="No token reaches this organization">No fine-grained token matches.</Blankslate>
      ) : (
        <Form f={visit.fields('revoke')} submit="Revoke" tone="danger">
          <div class="Box mb-3">
            <ul>
              {rows.map((row) => (
                <Row row={row} at={at} />
              ))}
            </ul>
          </div>
        </Form>
      )}
      <NextPage href={nextPagePath(visit, 'before', rows.length < ROWS_ON_A_PAGE ? undefined : rows.at(-1)?.id)} />
      <h2 class="f3 mt-5 mb-2" id="others">
        Classic and scoped tokens of members and outside collaborators
      </h2>
      <p class="color-fg-muted">
        They reach what their owners reach, here and elsewhere. Revoke one for {organization}, and it stops there with
        the next request, until you restore it; its owner is told by mail. In the{' '}
        <a href={organizationPath(organization, 'personal-access-token-policy')}>policy</a> you can forbid a whole kind,
        demand that each be authorized for {organization}, or cap its life.
      </p>
      {others.length === 0 ? (
        <Blankslate heading="No classic or scoped tokens" />
      ) : (
        <Form f={visit.fields('members')} submit={null}>
          <div class="Box mb-3">
            <ul>
              {others.map((row) => (
                <Other row={row} at={at} />
              ))}
            </ul>
          </div>
          <button type="submit" name="action" value="revoke" class="btn btn-danger">
            Revoke for {organization}
          </button>{' '}
          <button type="submit" name="action" value="restore" class="btn">
            Restore for {organization}
          </button>
        </Form>
      )}
      <NextPage
        href={nextPagePath(
          visit,
          'others_before',
          others.length < ROWS_ON_A_PAGE ? undefined : others.at(-1)?.token.id,
          '#others',
        )}
        label="Pages of classic and scoped tokens"
      />
    </OrganizationArea>,
  );
}

function Row({ row, at }: { row: ReachingRow; at: number }): VNode {
  const id = `grant-${row.id}`;
  return (
    <li class="Box-row lk-pick">
      <input type="checkbox" id={id} name="ids" value={String(row.id)} aria-describedby={`${id}-facts`} />
      <div class="lk-token-what">
        <PersonLine login={row.owner.login} />
        <label for={id}>
          <NameOf name={row.token.name} login={row.owner.login} />
        </label>
        <div id={`${id}-facts`}>
          <p class="mb-1">{row.sentence}</p>
          <p class="color-fg-muted f6 mb-0">
            <Ends token={row.token} at={at} /> · <LastUse token={row} />
          </p>
        </div>
        <PermissionList permissions={row.permissions} repositoryNames={row.repositoryNames} />
      </div>
    </li>
  );
}

function Other({ row, at }: { row: MemberTokenRow; at: number }): VNode {
  const { token, owner, excluded } = row;
  const id = `token-${token.id}`;
  return (
    <li class="Box-row lk-pick">
      <input type="checkbox" id={id} name="ids" value={String(token.id)} aria-describedby={`${id}-facts`} />
      <div class="lk-token-what">
        <PersonLine login={owner.login} />
        <label for={id}>
          <NameOf name={token.name} login={owner.login} />
        </label>{' '}
        <Label>{KIND_WORDS[token.kind]}</Label>
        {excluded ? (
          <>
            {' '}
            <Label tone="danger">Revoked</Label>
          </>
        ) : null}
        <div id={`${id}-facts`}>
          <p class="mb-1">{row.sentence}</p>
          <p class="color-fg-muted f6 mb-0">
            <Ends token={token} at={at} /> · <LastUse token={row} />
          </p>
        </div>
      </div>
    </li>
  );
}

async function revoke(visit: Visit): Promise<Answer> {
  const ids = tickedIds(visit);
  if (ids.length === 0) throw problem('missing', 'Select a token first.');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'write' });
  await revokeAccess(visit.ctx, permit, visit.param('org'), ids, visit.field('reason'));
  return redirect(organizationPath(visit.param('org'), 'personal-access-tokens'), {
    tone: 'success',
    text: reachWords(ids.length, 'revoke', visit.param('org')),
  });
}

function reachWords(count: number, change: 'revoke' | 'restore', organization: string): string {
  const one = count === 1;
  const who = one ? 'The token' : `${count} tokens`;
  return change === 'restore'
    ? `${who} ${one ? 'reaches' : 'reach'} ${organization} again.`
    : `${who} no longer ${one ? 'reaches' : 'reach'} ${organization}.`;
}

async function decideMembers(visit: Visit): Promise<Answer> {
  const ids = tickedIds(visit);
  if (ids.length === 0) throw problem('missing', 'Select a token first.');
  const change = visit.field('action');
  if (change !== 'revoke' && change !== 'restore') throw problem('missing', 'Choose what happens to the tokens.');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'write' });
  await changeMemberTokens(visit.ctx, permit, visit.param('org'), change, {
    tokenIds: ids,
    reason: visit.field('reason'),
  });
  return redirect(organizationPath(visit.param('org'), 'personal-access-tokens'), {
    tone: 'success',
    text: reachWords(ids.length, change, visit.param('org')),
  });
}

export const organizationTokenPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/personal-access-tokens',
    access: 'sudo',
    get,
    forms: {
      revoke: { once: true, asks: asksToRevokeGrants, run: revoke },
      members: { once: true, asks: asksToRevokeMembers, run: decideMembers },
    },
  },
];
