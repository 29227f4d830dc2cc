/**
 * What of a token waits for an organization's owners: since when, for whom, what it would open, and the buttons that
 * remind them and cancel it.
 */
import type { VNode } from 'preact';
import { cancelRequest } from '../../../actions/organizations/approvals.ts';
import type { OwnToken } from '../../../actions/tokens/own-tokens.ts';
import { remindOwners } from '../../../actions/tokens/reminders.ts';
import type { GrantView, WaitingRequest } from '../../../actions/tokens/views.ts';
import { problem } from '../../../base/errors.ts';
import { DAY_SEC } from '../../../base/time.ts';
import { listed } from '../../../catalogue/refusals/links.ts';
import { askedWords } from '../../../rules/right/reach-words.ts';
import { approvalOf } from '../../../rules/right/request-words.ts';
import type { Visit } from '../frame/visit.ts';
import { type FormAction, redirect } from '../frame/web-page.ts';
import { Notice, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { pathOfToken } from './kinds.ts';

/** Owners to name. The rest are only counted. */
const MAX_NAMED = 5;

/** One notice for each pending request. */
export function Waiting({ visit, token }: { visit: Visit; token: OwnToken }): VNode {
  return (
    <>
      {token.grants.map((grant) =>
        grant.request === null ? null : <One visit={visit} token={token} grant={grant} request={grant.request} />,
      )}
    </>
  );
}

/** What was denied, with the reason in the words of whoever denied it. */
export function Denied({ token }: { token: OwnToken }): VNode {
  return (
    <>
      {token.denials.map(({ organization, reason, deniedAt }) => (
        <Notice tone="error">
          <p class={reason === null ? 'mb-0' : 'mb-1'}>
            An owner of {organization} denied the request of this token
            {deniedAt === null ? null : (
              <>
                {' '}
                <Time at={deniedAt} />
              </>
            )}
            . <a href={`${pathOfToken(token)}/edit`}>Change it and ask again</a>
            {reason === null ? '. No reason was given.' : '. Their reason:'}
          </p>
          {reason === null ? null : (
            <blockquote class="mb-0" dir="auto">
              {reason}
            </blockquote>
          )}
        </Notice>
      ))}
    </>
  );
}

interface OneProps {
  readonly visit: Visit;
  readonly token: OwnToken;
  readonly grant: GrantView;
  readonly request: WaitingRequest;
}

function One({ visit, token, grant, request }: OneProps): VNode {
  const { owner, state } = grant;
  const { remindedAt } = request;
  // Who is no member is told no owner, and reminds none.
  const mayRemind = remindedAt === null || remindedAt <= visit.ctx.clock.now() - DAY_SEC;
  return (
    <Notice tone="warn">
      <p class="mb-2">
        {state === 'pending' ? 'This token' : 'More than this token has now'} waits for approval by {owner}, since{' '}
        <Time at={request.createdAt} />. {whoCan(owner, request.approvers)}
      </p>
      <p class="mb-2">
        It asks to {askedWords(grant, request)}. {approvalOf(token, grant, 'owner')}
      </p>
      {request.reason === null ? null : (
        <>
          <p class="mb-1">Your reason:</p>
          <blockquote class="mb-2" dir="auto">
            {request.reason}
          </blockquote>
        </>
      )}
      {request.approvers.length === 0 ? null : mayRemind ? (
        <Form f={visit.fields('remind')} submit="Remind them by mail" small tone="default" inline>
          <Hidden name="request" value={String(request.id)} />
        </Form>
      ) : (
        <p class="mb-2">
          You reminded them <Time at={remindedAt} />. You can do that once a day.
        </p>
      )}{' '}
      <Form f={visit.fields('cancel-request')} submit="Cancel the request" small tone="default" inline>
        <Hidden name="request" value={String(request.id)} />
      </Form>
    </Notice>
  );
}

/** `ada and dan can approve it.` */
function whoCan(owner: string, approvers: readonly string[]): string {
  if (approvers.length === 0) return `An owner of ${owner} can approve it.`;
  const named = approvers.slice(0, MAX_NAMED);
  const others = approvers.length - named.length;
  return `${listed([...named, ...(others === 0 ? [] : [`${others} more`])])} can approve it.`;
}

/** What the buttons do. */
export const waitingForms: Readonly<Record<'remind' | 'cancel-request', FormAction>> = {
  remind: {
    once: true,
    run: async (visit) => {
      await remindOwners(visit.ctx, await visit.ownPermit(), requestIn(visit));
      return redirect(visit.path, { tone: 'success', text: 'Reminder sent. You get their decision by mail.' });
    },
  },
  'cancel-request': {
    run: async (visit) => {
      await cancelRequest(visit.ctx, await visit.ownPermit(), requestIn(visit));
      return redirect(visit.path, {
        tone: 'success',
        text: 'The request is cancelled. What the token could do before stays.',
      });
    },
  },
};

function requestIn(visit: Visit): number {
  const id = Number(visit.field('request'));
  if (!Number.isSafeInteger(id)) throw problem('not_found', 'There is no such request.');
  return id;
}
