/** What of a token waits for an organization's owners: since when, for whom, and the button that reminds them. */
import type { VNode } from 'preact';
import type { OwnToken } from '../../../actions/tokens/own-tokens.ts';
import { remindOwners } from '../../../actions/tokens/reminders.ts';
import type { GrantView, WaitingRequest } from '../../../actions/tokens/views.ts';
import { problem } from '../../../base/errors.ts';
import { DAY_SEC } from '../../../base/time.ts';
import { listed } from '../../../catalogue/refusals/links.ts';
import type { Visit } from '../frame/visit.ts';
import { type FormAction, redirect } from '../frame/web-page.ts';
import { Notice, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';

/** Owners to name. The rest are only counted. */
const MAX_NAMED = 5;

/** One notice for each pending request. */
export function Waiting({ visit, token }: { visit: Visit; token: OwnToken }): VNode {
  return (
    <>
      {token.grants.map(({ owner, request, state }) =>
        request === null ? null : <One visit={visit} owner={owner} request={request} state={state} />,
      )}
    </>
  );
}

interface OneProps {
  readonly visit: Visit;
  readonly owner: string;
  readonly request: WaitingRequest;
  readonly state: GrantView['state'];
}

function One({ visit, owner, request, state }: OneProps): VNode {
  const { remindedAt } = request;
  const mayRemind = remindedAt === null || remindedAt <= visit.ctx.clock.now() - DAY_SEC;
  return (
    <Notice tone="warn">
      <p class="mb-2">
        {state === 'pending' ? 'This token' : 'More than this token has now'} waits for approval by {owner}, since{' '}
        <Time at={request.createdAt} />. {whoCan(owner, request.approvers)}
      </p>
      {mayRemind ? (
        <Form f={visit.fields('remind')} submit="Remind them by mail" small tone="default" inline>
          <Hidden name="request" value={String(request.id)} />
        </Form>
      ) : (
        <p class="mb-0">
          You reminded them <Time at={remindedAt} />. You can do that once a day.
        </p>
      )}
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

/** What the button does. */
export const remind: FormAction = {
  once: true,
  run: async (visit) => {
    const id = Number(visit.field('request'));
    if (!Number.isSafeInteger(id)) throw problem('not_found', 'There is no such request.');
    await remindOwners(visit.ctx, await visit.ownPermit(), id);
    return redirect(visit.path, { tone: 'success', text: 'Reminder sent. You get their decision by mail.' });
  },
};
