/**
 * Moves of refs that tokens ask their owner about: the list, and one of them with what it would do, to approve or deny.
 *
 * Invariant: approving takes a sign-in of the last few minutes; what is approved is what the row says, not what a form
 * sends.
 * Invariant: texts of a push are shown with every character that could turn a line around told by its number.
 */
import type { ComponentChildren, VNode } from 'preact';
import {
  approvePush,
  denyPush,
  listApprovals,
  type PushApproval,
  readApproval,
  stateInWords,
} from '../../../actions/repositories/approvals/approvals.ts';
import { deedInWords, lookInWords } from '../../../actions/repositories/approvals/look-words.ts';
import { APPROVALS_PAGE, APPROVED_FOR_MIN } from '../../../catalogue/refusals/approval.ts';
import { sentenceCase, shown } from '../../../catalogue/refusals/links.ts';
import type { PushLook } from '../../../git/push/push-look.ts';
import { shownRef } from '../../../rules/refs/ref-rule-text.ts';
import { DEVELOPER_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';

/** Texts of a push are no longer than this when they are stored. */
const MAX_TEXT = 300;
const safe = (text: string): string => shown(text, MAX_TEXT);

async function list(visit: Visit): Promise<Answer> {
  const asked = await listApprovals(visit.ctx, await visit.ownPermit());
  return page(
    'Push approvals',
    <WithMenu visit={visit} menu={DEVELOPER_MENU}>
      <Subhead title="Push approvals" level={1} />
      <p class="color-fg-muted">
        Pushes of tokens whose ref rules say <code>ask</code>: yours, and those of machine accounts that are yours or of
        an organization that you own.
      </p>
      {asked.length === 0 ? (
        <Blankslate heading="Nothing asked yet">A token asks where a ref rule says so, as in “main: ask”.</Blankslate>
      ) : (
        <ul class="Box list-style-none">
          {asked.map((each) => (
            <li class="Box-row">
              <p class="mb-1 lk-break">
                <a href={`${APPROVALS_PAGE}/${each.id}`}>
                  {each.id}: {deedOf(each)} in {each.repository}
                </a>
              </p>
              <p class="mb-0 color-fg-muted lk-break">
                “{safe(each.name)}” of {each.holder}, <Time at={each.askedAt} />: {stateInWords(each)}.
              </p>
            </li>
          ))}
        </ul>
      )}
    </WithMenu>,
  );
}

function deedOf({ look, ref }: PushApproval): string {
  return `${look === null ? 'move' : deedInWords(look)} ${safe(shownRef(ref))}`;
}

async function one(visit: Visit): Promise<Answer> {
  const asked = await readApproval(visit.ctx, await visit.ownPermit(), idOf(visit));
  const { look, state } = asked;
  return page(
    `Push approval ${asked.id}`,
    <WithMenu visit={visit} menu={DEVELOPER_MENU}>
      <Subhead title={`${sentenceCase(deedOf(asked))}?`} level={1} />
      <Facts asked={asked} />
      {look === null ? null : <Look look={look} />}
      {state === 'waiting' ? <Decision visit={visit} asked={asked} /> : <Decided visit={visit} asked={asked} />}
    </WithMenu>,
  );
}

function Facts({ asked }: { asked: PushApproval }): VNode {
  const { agent, session } = asked;
  return (
    <div class="Box p-3 mb-3 lk-break">
      <Fact name="Repository">{asked.repository}</Fact>
      <Fact name="Ref">
        <code>{safe(asked.ref)}</code>
      </Fact>
      <Fact name="From">{asked.oldId === '' ? 'nothing: it is new' : <code>{asked.oldId}</code>}</Fact>
      <Fact name="To">{asked.newId === '' ? 'nothing: it is deleted' : <code>{asked.newId}</code>}</Fact>
      <Fact name="Who">
        {asked.holder} with the token “{safe(asked.name)}”
        {agent === null
          ? ''
          : `, via ${safe(agent)}${session === null ? '' : `, session ${safe(session)}`} (as the program told)`}
      </Fact>
      <Fact name="When">
        <Time at={asked.askedAt} />, from {asked.address === '' ? 'an unknown address' : asked.address}
      </Fact>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <p class="mb-1">
      <span class="color-fg-muted">{name}:</span> {children}
    </p>
  );
}

function Look({ look }: { look: PushLook }): VNode {
  const { commits, commitCount, files, fileCount, lostCount, kind } = look;
  return (
    <>
      {lostCount > 0 || kind === 'delete' ? (
        <Notice tone="warn">This removes commits from the branch or tag, or the whole of it.</Notice>
      ) : null}
      <p class="text-bold">{lookInWords(look)}</p>
      {commits.length === 0 ? null : (
        <>
          <h2 class="f4 mb-2">Commits</h2>
          <ul class="Box list-style-none mb-3">
            {commits.map(({ id, subject, author }) => (
              <li class="Box-row lk-break">
                <span class="lk-mono color-fg-muted">{id.slice(0, 10)}</span> {safe(subject)}{' '}
                <span class="color-fg-muted">by {safe(author)}</span>
              </li>
            ))}
            {commitCount > commits.length ? <li class="Box-row">… and {commitCount - commits.length} more</li> : null}
          </ul>
        </>
      )}
      {files.length === 0 ? null : (
        <>
          <h2 class="f4 mb-2">Files</h2>
          <ul class="Box list-style-none mb-3">
            {files.map(({ path, added, removed }) => (
              <li class="Box-row lk-break">
                <code>{safe(path)}</code>{' '}
                <span class="color-fg-muted">{added === null ? 'not a text' : `+${added} −${removed ?? 0}`}</span>
              </li>
            ))}
            {fileCount > files.length ? <li class="Box-row">… and {fileCount - files.length} more</li> : null}
          </ul>
        </>
      )}
    </>
  );
}

function Decision({ visit, asked }: { visit: Visit; asked: PushApproval }): VNode {
  return (
    <>
      <p>
        An approval lets just this happen: this token, this ref, from and to these commits, once, within{' '}
        {APPROVED_FOR_MIN} minutes. Then whoever pushes has to push again. It waits for an answer until{' '}
        <Time at={asked.expiresAt} />.
      </p>
      <Form f={visit.fields('approve')} submit="Approve" inline />{' '}
      <Form f={visit.fields('deny')} submit="Deny" tone="danger" inline />
    </>
  );
}

function Decided({ visit, asked }: { visit: Visit; asked: PushApproval }): VNode {
  return (
    <>
      <Notice tone="info">
        {sentenceCase(stateInWords(asked))}
        {asked.decidedAt === null ? null : (
          <>
            , <Time at={asked.decidedAt} />
          </>
        )}
        .
      </Notice>
      {asked.state === 'approved' ? (
        <Form f={visit.fields('deny')} submit="Revoke the approval" tone="danger" inline />
      ) : null}
    </>
  );
}

function idOf(visit: Visit): number {
  const id = Number(visit.param('id'));
  return Number.isSafeInteger(id) ? id : 0;
}

export const pushApprovalPages: readonly WebPage[] = [
  { path: APPROVALS_PAGE, access: 'signed-in', get: list },
  {
    path: `${APPROVALS_PAGE}/:id`,
    access: 'signed-in',
    get: one,
    forms: {
      approve: {
        access: 'fresh',
        run: async (visit) => {
          await approvePush(visit.ctx, await visit.ownPermit(), idOf(visit));
          const text = `Approved. It can be pushed once, within ${APPROVED_FOR_MIN} minutes.`;
          return redirect(visit.path, { tone: 'success', text });
        },
      },
      deny: {
        run: async (visit) => {
          await denyPush(visit.ctx, await visit.ownPermit(), idOf(visit));
          return redirect(visit.path, { tone: 'success', text: 'Denied. The token gets no second answer for this.' });
        },
      },
    },
  },
];
