/** Tokens of every kind that reach an organization: owners see what each does here, and revoke one or many. */
import type { VNode } from 'preact';
import { EXPORT_FORMATS, type ExportFormat, exportTokens } from '../../../actions/changes/token-export.ts';
import {
  REACH_TABS,
  type ReachingRow,
  type ReachTab,
  type ReachTable,
  type ReachWish,
  reachingTable,
} from '../../../actions/organizations/lists.ts';
import { changeMemberTokens } from '../../../actions/organizations/member-tokens.ts';
import { revokeReach } from '../../../actions/organizations/reach.ts';
import { problem } from '../../../base/errors.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, file, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Avatar, Blankslate, Label, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { RightWords } from '../parts/spoken.tsx';
import { ListTable, listPath, Sparkline } from '../parts/table-tools.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Ends, LastUse } from '../tokens/lists.tsx';
import { idsIn, OrganizationArea, organizationPath, organizationPermit, tickedIds } from './area.tsx';
import { isNarrowed, PermissionList, ReachFoot, ReachHeads, ReachTools, reachWish } from './filter.tsx';
import { asksToRevokeReach } from './questions.tsx';

const TAB_LABELS: Readonly<Record<ReachTab, string>> = {
  all: 'All',
  'fine-grained': 'Fine-grained',
  classic: 'Classic and scoped',
  ending: 'Ending soon',
  unused: 'Unused',
  revoked: 'Revoked here',
};

async function get(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const wish = reachWish(visit, REACH_TABS);
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'read' }, false);
  const table = await reachingTable(visit.ctx, permit, organization, wish);
  const tabs = REACH_TABS.map((name) => ({ name, label: TAB_LABELS[name] }));
  return page(
    `Active tokens of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Active tokens" level={1} />
      <p class="color-fg-muted">
        Everything that reaches {organization} now, of members and outside collaborators. Revoke one here, and it stops
        in {organization} with the next request; elsewhere it keeps working, and its owner is told by mail. The{' '}
        <a href={organizationPath(organization, 'personal-access-token-policy')}>policy</a> can forbid a whole kind.
      </p>
      <ReachTools visit={visit} wish={wish} tabs={tabs} table={table} />
      {wish.filter.repository === undefined && wish.filter.permission === undefined ? null : (
        <p class="note">
          Fine-grained tokens only: a classic or scoped one reaches whatever its owner does, in every repository.
        </p>
      )}
      {table.rows.length === 0 ? null : <Downloads visit={visit} />}
      {table.rows.length === 0 ? <Nothing visit={visit} wish={wish} /> : <Tokens {...{ visit, wish, table }} />}
    </OrganizationArea>,
  );
}

/** What the list shows, every page of it. */
function Downloads({ visit }: { visit: Visit }): VNode {
  const address = (format: ExportFormat): string => {
    const query = new URLSearchParams(visit.query);
    for (const name of ['page', 'notice']) query.delete(name);
    query.set('format', format);
    return `${visit.path}/export?${query}`;
  };
  return (
    <p class="note mb-2">
      Take this list out, every page of it: <a href={address('csv')}>CSV</a>, <a href={address('json')}>JSON</a>.
    </p>
  );
}

async function download(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'read' }, false);
  const format = EXPORT_FORMATS.find((each) => each === visit.query.get('format')) ?? 'csv';
  const { filter, tab, text, ...order } = reachWish(visit, REACH_TABS);
  // A filter that can't be read is said on a page, before there is a file.
  await reachingTable(visit.ctx, permit, organization, { filter, tab, text, ...order });
  const content = exportTokens(visit.ctx, permit, { organization, format }, { filter, tab, text });
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json';
  return file(type, content, `tokens-of-${organization}.${format}`);
}

function Nothing({ visit, wish }: { visit: Visit; wish: ReachWish<ReachTab> }): VNode {
  if (!isNarrowed(wish)) return <Blankslate heading="No token reaches this organization" />;
  return (
    <Blankslate heading={wish.text === '' ? 'No token matches' : `No token matches “${wish.text}”`}>
      <a href={visit.path}>Show all tokens</a>
    </Blankslate>
  );
}

function Tokens(shown: { visit: Visit; wish: ReachWish<ReachTab>; table: ReachTable<ReachingRow> }): VNode {
  const { visit, wish, table } = shown;
  const { rows } = table;
  const organization = visit.param('org');
  return (
    <Form f={visit.fields('tokens')} submit={null}>
      <ListTable
        label="Tokens"
        heads={<ReachHeads visit={visit} wish={wish} table={table} since={['used', 'Last used']} />}
        foot={<ReachFoot visit={visit} wish={wish} table={table} noun="token" />}
      >
        {rows.map((row) => (
          <Row visit={visit} row={row} />
        ))}
      </ListTable>
      <button type="submit" name="action" value="revoke" class="btn btn-danger">
        Revoke for {organization}
      </button>{' '}
      {rows.some(({ excluded }) => excluded) ? (
        <button type="submit" name="action" value="restore" class="btn">
          Restore for {organization}
        </button>
      ) : null}
    </Form>
  );
}

function Row({ visit, row }: { visit: Visit; row: ReachingRow }): VNode {
  const { token, owner, excluded } = row;
  const id = `token-${token.id}`;
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          id={id}
          name="ids"
          value={String(token.id)}
          checked={visit.fields('tokens').values('ids').includes(String(token.id))}
          aria-labelledby={`${id}-owner ${id}-name`}
          aria-describedby={`${id}-facts`}
        />
      </td>
      <td>
        <div class="lk-person">
          <Avatar login={owner.login} />
          <a id={`${id}-owner`} href={listPath(visit, { owner: owner.login })}>
            <bdi>{owner.login}</bdi>
          </a>
        </div>
      </td>
      <td class="lk-token-what">
        <label for={id} id={`${id}-name`}>
          “<bdi class="text-bold">{token.name}</bdi>”
        </label>{' '}
        {token.kind === 'fine-grained' ? null : <Label>{KIND_WORDS[token.kind]}</Label>}{' '}
        {excluded ? <Label tone="danger">Revoked</Label> : null}
        <p class="mb-0 f6" id={`${id}-facts`}>
          <RightWords words={row.sentence} />
        </p>
        <PermissionList visit={visit} permissions={row.permissions} repositoryNames={row.repositoryNames} />
      </td>
      <td>
        <Sparkline daily={row.daily} />
      </td>
      <td data-label="Used">
        <LastUse token={row} short />
      </td>
      <td data-label="Ends">
        <Ends token={token} at={visit.ctx.clock.now()} short />
      </td>
    </tr>
  );
}

function reachWords(count: number, change: 'revoke' | 'restore', organization: string): string {
  const one = count === 1;
  const who = one ? 'The token' : `${count} tokens`;
  return change === 'restore'
    ? `${who} ${one ? 'reaches' : 'reach'} ${organization} again.`
    : `${who} no longer ${one ? 'reaches' : 'reach'} ${organization}.`;
}

/** Revokes or restores those that are ticked; only what was revoked of classic and scoped ones can be restored. */
async function decide(visit: Visit): Promise<Answer> {
  const [organization, ids] = [visit.param('org'), tickedIds(visit)];
  if (ids.length === 0) throw problem('missing', 'Select a token first.');
  const change = visit.field('action');
  if (change !== 'revoke' && change !== 'restore') throw problem('missing', 'Choose what happens to the tokens.');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'write' });
  const text = reachWords(ids.length, change, organization);
  if (change === 'restore') {
    await changeMemberTokens(visit.ctx, permit, organization, 'restore', { tokenIds: ids });
    return redirect(visit.url, { tone: 'success', text });
  }
  const { otherIds } = await revokeReach(visit.ctx, permit, organization, ids, visit.field('reason'));
  // Only what is undone whole is offered: fine-grained tokens have to ask again.
  const undo = otherIds.length === ids.length ? { undo: { form: 'undo', fields: { tokens: otherIds.join(' ') } } } : {};
  return redirect(visit.url, { tone: 'success', text, ...undo });
}

/** Undoes the revocation of classic and scoped tokens. */
async function undo(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const tokenIds = idsIn(visit.field('tokens'));
  if (tokenIds.length === 0) throw problem('missing', 'There is nothing to undo.');
  const permit = await organizationPermit(visit, { organization_personal_access_tokens: 'write' });
  await changeMemberTokens(visit.ctx, permit, organization, 'restore', { tokenIds });
  return redirect(visit.url, { tone: 'success', text: reachWords(tokenIds.length, 'restore', organization) });
}

export const organizationTokenPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/personal-access-tokens',
    access: 'sudo',
    get,
    forms: {
      tokens: { once: true, asks: asksToRevokeReach, run: decide },
      undo: { once: true, run: undo },
    },
  },
  { path: '/organizations/:org/settings/personal-access-tokens/export', access: 'sudo', get: download },
];
