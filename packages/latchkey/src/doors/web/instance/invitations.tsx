/** For the administrator: inviting people. */
import type { VNode } from 'preact';
import { INVITATION_DAYS, invite, listInvitations, type OneTimeLink } from '../../../actions/accounts/sign-up.ts';
import type { Need } from '../../../rules/model.ts';
import { MAX_EMAIL_LENGTH } from '../../../rules/names.ts';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Blankslate, CopyBox, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const PATH = '/instance/invitations';
const INVITE: Need = { sets: [{ instance_users: 'write' }], publicRead: false, writes: true };

export const invitationPages: readonly WebPage[] = [
  { path: PATH, access: 'administrator', get: show, forms: { invite: { once: true, run: doInvite } } },
];

async function show(visit: Visit): Promise<Answer> {
  const { ctx, flash } = visit;
  const open = await listInvitations(ctx, await visit.permit(INVITE, { kind: 'instance' }));
  const f = visit.fields('invite');
  const link = flash?.once?.['link'];
  return page(
    'Invitations',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Invitations" level={1} />
      {typeof link === 'string' ? (
        <div class="mb-4">
          <p>The link for whoever you invite. It is shown only once.</p>
          <CopyBox id="invitation-link" value={link} label="Invitation link" />
        </div>
      ) : null}
      {ctx.settings.signUp === 'closed' ? (
        <Notice tone="warn">
          Sign-up is closed by the setting <code>sign-up</code>: people are added at the command line.
        </Notice>
      ) : (
        <div class="lk-wide-form mb-4">
          <Form f={f} submit="Invite">
            <TextField
              f={f}
              name="email"
              label="E-mail address"
              type="email"
              maxLength={MAX_EMAIL_LENGTH}
              note={
                `The link is mailed there, and works once, for ${INVITATION_DAYS} days. Without an address you get ` +
                `a link to hand over yourself.`
              }
            />
          </Form>
        </div>
      )}
      <Subhead title="Not used yet" />
      {open.length === 0 ? (
        <Blankslate heading="No open invitations" />
      ) : (
        <ul class="Box list-style-none">
          {open.map((each) => (
            <Row invitation={each} />
          ))}
        </ul>
      )}
    </WithMenu>,
  );
}

function Row({ invitation }: { invitation: OneTimeLink }): VNode {
  return (
    <li class="Box-row lk-break">
      <strong>{invitation.address ?? 'A link without an address'}</strong>{' '}
      <span class="color-fg-muted">
        made <Time at={invitation.createdAt} />, ends <Time at={invitation.endsAt} />
      </span>
    </li>
  );
}

async function doInvite(visit: Visit): Promise<Answer> {
  const address = visit.field('email');
  const path = await invite(
    visit.ctx,
    await visit.permit(INVITE, { kind: 'instance' }),
    address === '' ? null : address,
  );
  return redirect(PATH, {
    tone: 'success',
    text: address === '' ? 'The invitation was made.' : `The invitation is on its way to ${address}.`,
    once: { link: visit.ctx.settings.publicUrl + path },
  });
}
